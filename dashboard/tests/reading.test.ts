import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp, effectScope, type EffectScope, ref } from 'vue'
import { useDevices } from '../src/devices/useDevices'
import { STORE, type Store } from '../src/live/store'
import type { Place } from '../src/safety/route'
import { useSafety } from '../src/safety/useSafety'
import type { House } from '../src/safety/types'
import { storeFor } from './wire'

let asked: { path: string; answer: (body: unknown) => void }[] = []
const last = (part: string) => asked.filter((one) => one.path.includes(part)).at(-1)!
let scope: EffectScope

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  scope = effectScope()
  vi.stubGlobal('fetch', (path: string) => new Promise<Response>((done) => {
    asked.push({ path, answer: (body) => done(new Response(JSON.stringify(body))) })
  }))
})
afterEach(() => { scope.stop(); vi.useRealTimers(); vi.unstubAllGlobals() })

describe('an institution', () => {
  const house = (site: string, at: string) => ({ at, row: { site } }) as House
  it('keeps the check that was entered while it was being read, and is never shown at the address of another', async () => {
    const place = ref<Place>({ site: 'a', criterion: '' })
    const link = scope.run(() => useSafety(place))!
    link.put(house('a', 'entered'))
    last('safety/a').answer(house('a', 'before'))
    await vi.advanceTimersByTimeAsync(1)
    expect(link.house.value?.at).toBe('entered')
    await vi.advanceTimersByTimeAsync(30_000)
    last('safety/a').answer(house('a', 'again'))
    await vi.advanceTimersByTimeAsync(1)
    expect([link.house.value?.at, asked.length]).toEqual(['again', 2])
    place.value = { site: 'b', criterion: '' }
    await vi.advanceTimersByTimeAsync(1)
    link.put(house('a', 'late'))
    expect(link.house.value).toBeNull()
  })
})

describe('a device that is looked for', () => {
  it('is not shown for what stands in the field by now', async () => {
    const made = storeFor()
    const app = createApp({})
    app.provide(STORE, made.store as Store)
    const link = app.runWithContext(() => scope.run(() => useDevices())!)
    link.filter.value.code = 'sos-h1'
    await vi.advanceTimersByTimeAsync(400)
    const first = last('code=sos-h1')
    link.filter.value.code = ''
    await vi.advanceTimersByTimeAsync(1)
    first.answer([])
    await vi.advanceTimersByTimeAsync(1)
    expect(link.found.value).toBeNull()
    made.scope.stop()
  })
})
