import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, type EffectScope, nextTick } from 'vue'
import type { ServerMessage } from '../src/api/types'
import { createStore, type Store } from '../src/live/store'
import { useSound } from '../src/sound/useSound'
import { card, FIGURES, HEALTH, T0 } from './build'
import { DISTRICT, ME } from './wire'

let scope: EffectScope
let store: Store
let socket: Wire
class Wire {
  static readonly OPEN = 1
  static readonly CONNECTING = 0
  readyState = 1
  onmessage: ((event: { data: string }) => void) | null = null
  constructor() { socket = this }
  send(): void { /* nobody listens */ }
  close(): void { this.readyState = 3 }
}
let seq = 0
const iso = (ms: number) => new Date(ms).toISOString()
type Saying = ServerMessage extends infer M ? (M extends { seq: number } ? Omit<M, 'seq'> : never) : never
const say = (message: Saying) => socket.onmessage!({ data: JSON.stringify({ ...message, seq: ++seq }) })
const greet = (server: number, ...ids: string[]) => {
  say({ type: 'hello', server_time: iso(server), version: '1' })
  say({ type: 'snapshot', at: iso(server), incidents: ids.map((id) => card({ id, state_at: iso(server) })), presses: [], responders: [], figures: FIGURES, health: HEALTH })
}

beforeEach(() => {
  vi.useFakeTimers({ now: T0 })
  vi.stubGlobal('WebSocket', Wire)
  vi.stubGlobal('location', { protocol: 'http:', host: 'x' })
  seq = 0
  scope = effectScope()
  store = scope.run(() => createStore(ME, DISTRICT, () => undefined))!
})
afterEach(() => { scope.stop(); vi.useRealTimers(); vi.unstubAllGlobals() })

describe("the store's clock", () => {
  it('a browser whose clock is an hour ahead still sorts the queue again every second', () => {
    const server = T0 - 3_600_000
    greet(server, 'a', 'b')
    say({ type: 'incident', incident: card({ id: 'a', version: 2, state_at: iso(server), target_s: 60 }) })
    say({ type: 'incident', incident: card({ id: 'b', version: 2, state_at: iso(server - 30_000), target_s: 300 }) })
    vi.advanceTimersByTime(5_000)
    expect(store.sorted.value.map((item) => item.id)).toEqual(['b', 'a']) // 35/300 of its target is more than 5/60
  })
  it('a browser whose clock was set back an hour still says that it has lost the server', () => {
    greet(T0)
    vi.advanceTimersByTime(1_000)
    vi.setSystemTime(T0 - 3_600_000)
    vi.advanceTimersByTime(1_000)
    expect(store.fault.value?.what).toBe('socket')
  })
  it('goes on when a message comes to a hidden page whose timers sleep', () => {
    greet(T0)
    vi.setSystemTime(T0 + 45_000)
    expect(store.now.value).toBe(T0)
    say({ type: 'incident', incident: card() })
    expect(store.now.value).toBe(T0 + 45_000)
  })
})

describe("the desk's ears", () => {
  class Speaker {
    static last: Speaker
    state = 'suspended'
    onstatechange: (() => void) | null = null
    constructor() { Speaker.last = this }
    async resume() { this.state = 'running' }
    async close() { this.state = 'closed' }
    take(): void { this.state = 'suspended'; this.onstatechange?.() }
  }
  it('say when the browser takes the sound away, listen for the gesture that brings it back, and end with the login', async () => {
    const listeners = new Map<string, () => Promise<void>>()
    vi.stubGlobal('AudioContext', Speaker)
    vi.stubGlobal('navigator', {})
    vi.stubGlobal('addEventListener', (kind: string, act: () => Promise<void>) => listeners.set(kind, act))
    vi.stubGlobal('removeEventListener', (kind: string) => listeners.delete(kind))
    const sound = scope.run(() => useSound(store))!
    const steps: unknown[] = [[sound.enabled.value, listeners.size]]
    await listeners.get('keydown')!()
    steps.push([sound.enabled.value, listeners.size])
    Speaker.last.take()
    steps.push([sound.enabled.value, listeners.size])
    await listeners.get('pointerdown')!()
    steps.push([sound.enabled.value, listeners.size])
    expect(steps).toEqual([[false, 2], [true, 0], [false, 2], [true, 0]])
    await nextTick()
    scope.stop()
    expect([Speaker.last.state, listeners.size]).toEqual(['closed', 0])
  })
  it('listen no more after a login that ended while the loudspeaker was still being waited for', async () => {
    const listeners = new Map<string, () => Promise<void>>()
    vi.stubGlobal('AudioContext', Speaker)
    vi.stubGlobal('navigator', {})
    vi.stubGlobal('addEventListener', (kind: string, act: () => Promise<void>) => listeners.set(kind, act))
    vi.stubGlobal('removeEventListener', (kind: string) => listeners.delete(kind))
    scope.run(() => useSound(store))
    const waited = listeners.get('keydown')!()
    scope.stop()
    await waited
    expect([Speaker.last.state, listeners.size]).toEqual(['closed', 0])
  })
})
