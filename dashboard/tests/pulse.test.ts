import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ServerMessage } from '../src/api/types'
import { Connection } from '../src/live/connection'
import { backoff, dead, offset } from '../src/live/pulse'

describe('the clocks of a connection', () => {
  it('waits longer each time, with jitter, up to a limit', () => {
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const [least, most] = [backoff(attempt, 0), backoff(attempt, 0.999999)]
      expect(least).toBeGreaterThan(0)
      expect(most).toBeLessThanOrEqual(1_500)
      expect(least * 2).toBeGreaterThanOrEqual(most - 1)
      if (attempt) expect(least).toBeGreaterThanOrEqual(backoff(attempt - 1, 0))
    }
  })
  it('is dead after five silent seconds', () => {
    expect(dead(0, 5_000)).toBe(false)
    expect(dead(0, 5_001)).toBe(true)
  })
  it('is dead too when our clock was set back, for who knows how long', () => expect(dead(3_600_000, 1_000)).toBe(true))
  it("reckons the server's clock from the middle of ping and pong", () => expect(offset(1_000, 1_100, 5_050)).toBe(4_000))
})

/** The browser's socket, as far as the connection touches it. */
class Wire {
  static readonly OPEN = 1
  static readonly CONNECTING = 0
  static made: Wire[] = []
  readyState = 0
  sent: string[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  constructor(readonly url: string) { Wire.made.push(this) }
  send(text: string): void { this.sent.push(text) }
  close(): void { this.readyState = 3 }
  open(): void { this.readyState = 1; this.onopen?.() }
  say(message: ServerMessage): void { this.onmessage?.({ data: JSON.stringify(message) }) }
  end(code: number): void { this.readyState = 3; this.onclose?.({ code }) }
}

describe('a connection', () => {
  const heard: string[] = []
  let connection: Connection
  const last = () => Wire.made[Wire.made.length - 1]!
  const hello: ServerMessage = { type: 'hello', seq: 1, server_time: '2026-11-24T19:12:47Z', version: '1' }

  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('WebSocket', Wire)
    Wire.made = []
    heard.length = 0
    connection = new Connection('ws://x/api/live', {
      opened: () => heard.push('opened'), message: (m) => heard.push(m.type), latency: (ms) => heard.push(`latency ${ms}`),
      state: (on) => { if (heard[heard.length - 1] !== `state ${on}`) heard.push(`state ${on}`) }, refused: () => heard.push('refused'),
    })
    connection.start()
  })
  afterEach(() => { connection.stop(); vi.useRealTimers(); vi.unstubAllGlobals() })

  it('measures latency by ping and pong', () => {
    last().open()
    const { number } = JSON.parse(last().sent[0]!) as { number: number }
    vi.advanceTimersByTime(38)
    last().say({ type: 'pong', seq: 1, number, server_time: new Date().toISOString() })
    expect(heard).toContain('latency 38')
  })

  it('pings every two seconds', () => {
    last().open()
    vi.advanceTimersByTime(4_100)
    expect(last().sent).toHaveLength(3)
  })

  it('gives up a socket from which nothing comes, and comes back', () => {
    last().open()
    last().say(hello)
    vi.advanceTimersByTime(5_600)
    expect(heard).toContain('state false')
    vi.advanceTimersByTime(1_000)
    expect(Wire.made).toHaveLength(2)
    last().open()
    expect(heard.filter((one) => one === 'opened')).toHaveLength(2)
  })

  it('comes back after a close, one attempt at a time', () => {
    last().open()
    last().end(1006)
    connection.again()
    vi.advanceTimersByTime(1_000)
    expect(Wire.made).toHaveLength(2)
  })

  it('an attempt that never opens is given up', () => {
    vi.advanceTimersByTime(6_000)
    expect(Wire.made.length).toBeGreaterThanOrEqual(2)
  })

  it('says that the server does not know us any more', () => {
    last().open()
    last().end(4401)
    expect(heard).toContain('refused')
  })

  it('ignores what an abandoned socket still says', () => {
    const first = last()
    first.open()
    connection.again()
    first.say(hello)
    expect(heard).not.toContain('hello')
  })

  it('sends nothing while it is down, and nothing comes after stop', () => {
    expect(connection.send({ type: 'ping', number: 1 })).toBe(false)
    connection.stop()
    vi.advanceTimersByTime(60_000)
    expect(Wire.made).toHaveLength(1)
  })
})
