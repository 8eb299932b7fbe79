import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, type EffectScope, nextTick, ref } from 'vue'
import { api, clocks } from '../src/api/client'
import type { DispatchDetail, IncidentDetail } from '../src/api/types'
import { useSettled, SETTLE_MS } from '../src/parts/settled'
import { calls } from '../src/responder/errand'
import { useErrands } from '../src/responder/useErrands'
import { at, card, T0 } from './build'

function own(over: Partial<DispatchDetail> = {}): DispatchDetail {
  return {
    id: 'd1', responder: 'r1', responder_name: '孟强', responder_kind: 'nurse', vehicle: 'ebike', state: 'offered', offered_at: at(0), deadline_at: at(60),
    travel_s: 250, eta_at: null, allowed: ['accept', 'decline'], route: [], distance_m: 1100, accepted_at: null, en_route_at: null, arrived_at: null,
    entered_at: null, ended_at: null, ranking: [], ...over,
  }
}
const detail = (...list: DispatchDetail[]): IncidentDetail => ({ card: card(), private: null, site_phone: '', phones: {}, alarm_list: [], trail: [], dispatch_list: list, curves: [], fire: null })
const accepted = { state: 'accepted', allowed: ['depart', 'decline'] } as Partial<DispatchDetail>

type Asked = { path: string; answer: (body: unknown, status?: number) => void; lose: () => void }
let asked: Asked[] = []
let scope: EffectScope
const settle = () => vi.advanceTimersByTimeAsync(1)
const last = (part: string) => asked.filter((one) => one.path.includes(part)).at(-1)!

beforeEach(() => {
  vi.useFakeTimers({ now: T0 })
  asked = []
  vi.stubGlobal('navigator', {})
  vi.stubGlobal('addEventListener', () => undefined)
  vi.stubGlobal('removeEventListener', () => undefined)
  vi.stubGlobal('fetch', (path: string) => new Promise<Response>((done, fail) => {
    asked.push({ path, answer: (body, status = 200) => done(new Response(JSON.stringify(body), { status })), lose: () => fail(new TypeError('no network')) })
  }))
  scope = effectScope()
})
afterEach(() => { scope.stop(); clocks.skew = 0; vi.useRealTimers(); vi.unstubAllGlobals() })

describe('a telephone with a bad line', () => {
  async function begin() {
    const link = scope.run(() => useErrands(() => undefined, 'r1'))!
    last('errands').answer([detail(own())])
    await settle()
    return link
  }
  const state = (link: { list: { value: IncidentDetail[] } }) => link.list.value[0]?.dispatch_list[0]?.state

  it('shows the step that was taken at once, also where nothing more can be read', async () => {
    const link = await begin()
    const done = link.act('d1', 'accept')
    last('accept').answer(own(accepted))
    expect(await done).toBe(true)
    last('errands').lose()
    await settle()
    expect([state(link), link.working.value]).toEqual(['accepted', false])
  })

  it('a list that was asked for before a step does not take the step back', async () => {
    const link = await begin()
    await vi.advanceTimersByTimeAsync(3_000)
    const old = last('errands')
    void link.act('d1', 'accept')
    last('accept').answer(own(accepted))
    await settle()
    old.answer([detail(own())])
    await settle()
    expect(state(link)).toBe('accepted')
  })

  it('lists that come in another order than they were asked for: the last asked for stays', async () => {
    const link = await begin()
    await vi.advanceTimersByTimeAsync(3_000)
    const old = last('errands')
    await vi.advanceTimersByTimeAsync(3_000)
    last('errands').answer([detail(own(accepted))])
    await settle()
    old.answer([detail(own())])
    await settle()
    expect(state(link)).toBe('accepted')
  })

  it('a step whose answer was lost is no trouble any more once it is read that it was taken, and stays one while it is not', async () => {
    const link = await begin()
    void link.act('d1', 'accept')
    last('accept').lose()
    await settle()
    expect(link.trouble.value?.key).toBe('unreachable')
    await vi.advanceTimersByTimeAsync(3_000)
    last('errands').answer([detail(own())])
    await settle()
    expect(link.trouble.value?.key).toBe('unreachable')
    await vi.advanceTimersByTimeAsync(3_000)
    last('errands').answer([detail(own(accepted))])
    await settle()
    expect(link.trouble.value).toBeNull()
  })

  it('an errand that the desk ends is told, once; one that one ends oneself is not, nor an offer that ran out', async () => {
    const link = await begin()
    for (const [state, finishes, tells] of [['en_route', '', true], ['entered', 'answered', false], ['entered', 'lost', false], ['offered', '', false]] as const) {
      await vi.advanceTimersByTimeAsync(3_000)
      last('errands').answer([detail(own({ state, allowed: ['finish'] }))])
      await settle()
      link.forget()
      if (finishes) {
        void link.act('d1', 'finish')
        if (finishes === 'lost') last('finish').lose()
        else last('finish').answer(own({ state: 'done', allowed: [] }))
        await settle()
        if (finishes === 'lost') await vi.advanceTimersByTimeAsync(3_000)
      } else await vi.advanceTimersByTimeAsync(3_000)
      last('errands').answer([])
      await settle()
      expect(link.over.value?.own.id ?? null, state).toBe(tells ? 'd1' : null)
    }
  })

  it('who was brought out stays out while an older list comes', async () => {
    const link = await begin()
    await vi.advanceTimersByTimeAsync(3_000)
    const old = last('errands')
    void link.mark('i1', 's9', true)
    last('evacuees').answer({ ...detail(own()), site_phone: 'after' })
    await settle()
    old.answer([detail(own())])
    await settle()
    expect(link.list.value[0]!.site_phone).toBe('after')
  })
})

describe('a telephone rings', () => {
  it("for an offer of one's own, no colleague's, and not for ever for one that ran out while nothing was heard", () => {
    expect(calls([detail(own())], 'r1', T0)).toBe(true)
    expect(calls([detail(own({ responder: 'r2' }), own({ id: 'd2', ...accepted }))], 'r1', T0)).toBe(false)
    expect(calls([detail(own())], 'r1', T0 + 60_000)).toBe(false)
    expect(calls([], 'r1', T0)).toBe(false)
  })
})

describe("a telephone's clock", () => {
  it("is put right by the server's answers, but not by one that was kept", async () => {
    const dated = (seconds: number, kept: string) => new Response('[]', { headers: { date: new Date(T0 + seconds * 1000).toUTCString(), 'cache-control': kept } })
    vi.stubGlobal('fetch', async () => dated(-300, 'no-store'))
    await api.errands()
    expect(Math.abs(clocks.skew + 300_000)).toBeLessThanOrEqual(500)
    vi.stubGlobal('fetch', async () => dated(-9000, 'private, max-age=3600'))
    await api.errands()
    expect(Math.abs(clocks.skew + 300_000)).toBeLessThanOrEqual(500)
    const link = scope.run(() => useErrands(() => undefined, 'r1'))!
    expect(Math.abs(link.now.value - (T0 - 300_000))).toBeLessThanOrEqual(500)
  })
})

describe('a button whose meaning has just changed', () => {
  it('is not meant before as long as a double tap takes; each change begins again', async () => {
    const meaning = ref('accept')
    const settled = scope.run(() => useSettled(() => meaning.value))!
    expect(settled.value).toBe(true)
    for (const next of ['depart', 'arrive']) {
      meaning.value = next
      await nextTick()
      expect(settled.value).toBe(false)
      await vi.advanceTimersByTimeAsync(SETTLE_MS - 50)
      expect(settled.value).toBe(false)
    }
    await vi.advanceTimersByTimeAsync(50)
    expect(settled.value).toBe(true)
  })
})
