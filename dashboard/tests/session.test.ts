import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useSession } from '../src/login/session'
import { DISTRICT, ME } from './wire'

let asked: { path: string; answer: (body: unknown, status?: number) => void; lose: () => void }[] = []
const settle = () => vi.advanceTimersByTimeAsync(1)
const take = (part: string) => {
  const at = asked.findIndex((one) => one.path.includes(part))
  return asked.splice(at, 1)[0]!
}

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  vi.stubGlobal('fetch', (path: string) => new Promise<Response>((done, fail) => {
    asked.push({ path, answer: (body, status = 200) => done(new Response(status === 204 ? null : JSON.stringify(body), { status })), lose: () => fail(new TypeError('no network')) })
  }))
})
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals() })

async function login() {
  const session = useSession()
  void session.load()
  take('/me').answer(ME)
  await settle()
  take('/district').answer(DISTRICT)
  await settle()
  return session
}

describe('a session', () => {
  it('that the server ends is told as ended, until the next login', async () => {
    const session = await login()
    expect(session.who.value?.me.login).toBe('duty')
    session.refused()
    expect([session.who.value, session.why.value]).toEqual([null, 'expired'])
    void session.load()
    take('/me').answer(ME)
    await settle()
    take('/district').answer(DISTRICT)
    await settle()
    expect([session.who.value?.me.login, session.why.value]).toEqual(['duty', null])
  })
  it('that one ends oneself is not told as ended, although the server closes the socket first', async () => {
    const session = await login()
    void session.logout()
    session.refused()
    take('/logout').answer({}, 204)
    await settle()
    session.refused()
    expect([session.who.value, session.why.value]).toEqual([null, null])
  })
  it('whose end did not reach the server is told as still standing there', async () => {
    const session = await login()
    void session.logout()
    void session.logout()
    take('/logout').lose()
    await settle()
    expect([session.who.value, session.why.value, asked.length]).toEqual([null, 'unended', 0])
  })
  it('that cannot be read is asked for again; nobody is logged out by that', async () => {
    const session = useSession()
    void session.load()
    take('/me').lose()
    await settle()
    expect([session.trouble.value?.key, session.asked.value]).toEqual(['unreachable', true])
    await vi.advanceTimersByTimeAsync(3_000)
    take('/me').answer({ error: 'not_logged_in', detail: '' }, 401)
    await settle()
    expect([session.trouble.value, session.who.value, asked.length]).toEqual([null, null, 0])
  })
})
