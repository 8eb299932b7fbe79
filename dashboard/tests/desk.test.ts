import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type EffectScope, nextTick, ref } from 'vue'
import { api, Refused } from '../src/api/client'
import type { IncidentDetail } from '../src/api/types'
import { createDesk } from '../src/console/desk'
import { createDetail } from '../src/console/detail'
import { useSelection } from '../src/console/selection'
import { adopt, EMPTY, reduce } from '../src/live/board'
import type { Store } from '../src/live/store'
import { modals } from '../src/parts/modals'
import { causesFor, ended, toConfirm } from '../src/queue/ended'
import { card, press } from './build'
import { storeFor } from './wire'

type Answer = { status?: number; body?: unknown } | Error
let answers: (() => Answer)[] = []
const asked: { method: string; path: string; headers: Record<string, string>; body: unknown }[] = []
let store: Store
let scope: EffectScope

const whole = (over = {}): IncidentDetail => ({ card: card(over), private: null, site_phone: '', phones: {}, alarm_list: [], trail: [], dispatch_list: [], curves: [], fire: null })
const settle = () => new Promise((done) => setTimeout(done, 10))

beforeEach(() => {
  answers = []
  asked.length = 0
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    asked.push({ method: init.method!, path, headers: init.headers as Record<string, string>, body: init.body ? JSON.parse(String(init.body)) : null })
    const answer: Answer = answers.shift()?.() ?? { body: whole() }
    if (answer instanceof Error) throw answer
    const status = answer.status ?? 200
    return new Response(status === 204 ? null : JSON.stringify(answer.body ?? {}), { status })
  })
  const made = storeFor()
  store = made.store
  scope = made.scope
})
afterEach(() => { scope.stop(); vi.unstubAllGlobals() })

describe('speaking with the api', () => {
  it('what changes something carries the header that a foreign page cannot send', async () => {
    await api.note('i 1', 'x', 'n1')
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/api/incidents/i%201/notes', body: { id: 'n1', note: 'x' } })
    expect(asked[0]!.headers['X-Vigil']).toBe('1')
    await api.me()
    expect(asked[1]!.headers['X-Vigil']).toBeUndefined()
  })
  it("a refusal is the server's key; without one, the status; without an answer, unreachable", async () => {
    answers = [() => ({ status: 409, body: { error: 'not_allowed', detail: 'd', allowed: ['close'] } }), () => ({ status: 502, body: 'x' }), () => new TypeError('no network')]
    await expect(api.me()).rejects.toMatchObject({ status: 409, key: 'not_allowed', allowed: ['close'] })
    await expect(api.me()).rejects.toMatchObject({ status: 502, key: 'http_502' })
    await expect(api.me()).rejects.toMatchObject({ status: 0, key: 'unreachable' })
    answers = [() => ({ status: 204 })]
    await expect(api.logout()).resolves.toBeUndefined()
  })
})

describe('an answer that never comes', () => {
  /** As a browser does: silent until it is given up. */
  const never = (_: string, init: RequestInit) => new Promise<Response>((_answer, fail) => init.signal!.addEventListener('abort', () => fail(new DOMException('aborted', 'AbortError'))))
  beforeEach(() => { vi.useFakeTimers(); vi.stubGlobal('fetch', never) })
  afterEach(() => { vi.useRealTimers() })
  it('is given up: a press after ten seconds, a reading after thirty', async () => {
    const [pressed, read] = [api.note('i1', 'x', 'n1').catch((it: unknown) => it), api.me().catch((it: unknown) => it)]
    let known = 0
    for (const one of [pressed, read]) void one.then(() => { known += 1 })
    await vi.advanceTimersByTimeAsync(10_100)
    expect(known).toBe(1)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await Promise.all([pressed, read])).toMatchObject([{ status: 0, key: 'unreachable' }, { status: 0, key: 'unreachable' }])
  })
  it('is given up at once by who asked for it, and an answer that is cut in two was none', async () => {
    const own = new AbortController()
    const read = api.incident('i1', own.signal)
    own.abort()
    await expect(read).rejects.toMatchObject({ key: 'unreachable' })
    vi.stubGlobal('fetch', async () => new Response('{"card":'))
    await expect(api.note('i1', 'x', 'n1')).rejects.toMatchObject({ status: 0, key: 'unreachable' })
  })
  it('lets the next press through', async () => {
    const desk = scope.run(() => createDesk(store, createDetail(store)))!
    const sent = desk.submit('note', () => api.note('i1', 'x', 'n1'))
    await vi.advanceTimersByTimeAsync(10_100)
    expect([await sent, desk.busy('note'), desk.refused.value?.key]).toEqual([false, false, 'unreachable'])
  })
})

describe('a cause that was wrong', () => {
  it('is corrected by one press with the new one, and what has ended is read by when it was raised', async () => {
    await api.correctCause('i1', 'real_fall', 'w')
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/api/incidents/i1/cause', body: { cause: 'real_fall', note: 'w' } })
    answers = [() => ({ body: [] })]
    await api.raisedSince(new Date('2026-11-18T00:00:00Z'))
    expect(asked[1]).toMatchObject({ method: 'GET', path: '/api/incidents?since=2026-11-18T00%3A00%3A00.000Z' })
  })
  it('can be given to what has ended only, the last to end first; the one that it has is not offered', () => {
    const cards = [card({ id: 'a', state: 'closed', state_at: '2026-11-24T10:00:00Z' }), card({ id: 'b' }), card({ id: 'c', state: 'cancelled', state_at: '2026-11-24T11:00:00Z' }), card({ id: 'd', state: 'resolved' })]
    expect(ended(cards).map((one) => one.id)).toEqual(['c', 'a'])
    const others = { cause: 'real_fall', now: false, offered: true }
    expect(causesFor({ cause: 'test' }, ['real_fall', 'test'])).toEqual([others, { cause: 'test', now: true, offered: false }])
    expect(causesFor({ cause: 'test' }, ['real_fall', 'test'], true)).toEqual([others, { cause: 'test', now: true, offered: true }])
  })
  it('is confirmed by who is not of the house that corrected it, once', () => {
    const line = (kind: string, data = {}) => ({ kind, data })
    const corrected = line('cause_corrected', { by_house: true })
    expect(toConfirm([line('closed'), corrected], { scope: '120105' })).toBe(true)
    expect(toConfirm([corrected], { scope: 'site:inst01' })).toBe(false)
    expect(toConfirm([corrected, line('cause_confirmed')], { scope: '120105' })).toBe(false)
    expect(toConfirm([corrected, line('cause_corrected')], { scope: '120105' })).toBe(false)
    expect(toConfirm([], { scope: '120105' })).toBe(false)
  })
})

describe('the desk', () => {
  function begin(over = {}) {
    store.board.value = adopt(store.board.value, card(over))
    store.selected.value = 'i1'
    return scope.run(() => { const detail = createDetail(store); return { detail, desk: createDesk(store, detail) } })!
  }

  it('reads the selected incident, again when its version grows, and not otherwise', async () => {
    const { detail } = begin()
    await settle()
    expect(detail.detail.value?.card.id).toBe('i1')
    expect(asked).toHaveLength(1)
    answers = [() => ({ body: whole({ version: 2 }) })]
    store.board.value = adopt(store.board.value, card({ version: 2 }))
    await settle()
    expect(asked).toHaveLength(2)
  })

  it('an acknowledgement goes at once, with the version that was seen, and its answer is adopted', async () => {
    const { desk } = begin()
    await settle()
    answers = [() => ({ body: whole({ version: 2, state: 'acknowledged' }) })]
    desk.begin('acknowledge')
    expect(desk.busy('acknowledge')).toBe(true)
    await settle()
    expect(asked.at(-1)).toMatchObject({ path: '/api/incidents/i1/acknowledge', body: { version: 1 } })
    expect(store.current.value?.card.state).toBe('acknowledged')
    expect(desk.busy('acknowledge')).toBe(false)
    expect(asked).toHaveLength(2)
  })

  it('everything else asks first', async () => {
    const { desk } = begin({ state: 'acknowledged', allowed: ['dispatch', 'resolve'] })
    desk.begin('dispatch')
    expect(desk.dialog.value).toBe('dispatch')
  })

  it('what is not allowed does nothing, nor does a key for who only looks on', async () => {
    const { desk } = begin({ allowed: [] })
    desk.begin('acknowledge')
    desk.begin('resolve')
    expect([desk.dialog.value, desk.busy('acknowledge'), desk.busy('resolve')]).toEqual([null, false, false])
    scope.stop()
    const made = storeFor({ role: 'regulator' })
    store = made.store
    scope = made.scope
    const other = begin()
    other.desk.begin('acknowledge')
    expect(other.desk.busy('acknowledge')).toBe(false)
    expect(other.desk.readonly.value).toBe(true)
  })

  it('one thing at a time', async () => {
    const { desk } = begin()
    await settle()
    const first = desk.submit('note', () => api.note('i1', 'a', 'n1'))
    expect(await desk.submit('note', () => api.note('i1', 'b', 'n1'))).toBe(false)
    expect(await first).toBe(true)
  })

  describe('what is pressed while another thing is on its way', () => {
    let release: ((response: Response) => void)[] = []
    const answer = (nth: number, body: unknown, status = 200) => release[nth]!(new Response(JSON.stringify(body), { status }))
    const paths = () => asked.filter((one) => one.method === 'POST').map((one) => one.path)
    /** From now on nothing is answered before the test says so, in whatever order. */
    function hold(): void {
      release = []
      vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
        if (init.method === 'GET') return Promise.resolve(new Response(JSON.stringify(whole({ id: path.slice(-2), version: 9 }))))
        asked.push({ method: init.method!, path, headers: {}, body: null })
        return new Promise((done) => { release.push(done) })
      })
    }
    const acknowledged = { version: 2, state: 'acknowledged' as const, allowed: ['dispatch'] }

    it('waits its turn and is not lost: Enter in the list of whom to send before A is answered', async () => {
      const { desk } = begin()
      await settle()
      hold()
      desk.begin('acknowledge')
      store.board.value = adopt(store.board.value, card(acknowledged))
      desk.begin('dispatch')
      const sent = desk.submit('dispatch', () => api.dispatch('i1', 'r1'))
      const twice = desk.submit('dispatch', () => api.dispatch('i1', 'r1'))
      expect([desk.sending.value, paths()]).toEqual([true, ['/api/incidents/i1/acknowledge']])
      answer(0, whole(acknowledged))
      await settle()
      expect(paths()).toEqual(['/api/incidents/i1/acknowledge', '/api/incidents/i1/dispatches'])
      answer(1, whole({ version: 10, state: 'dispatched' }))
      expect([await sent, await twice, desk.dialog.value, desk.sending.value, desk.busy('dispatch')]).toEqual([true, false, null, false, false])
    })

    it('is done also when what it waited for was refused, but not when its dialog was closed meanwhile', async () => {
      const { desk } = begin({ state: 'acknowledged', allowed: ['dispatch'] })
      await settle()
      hold()
      const first = desk.submit('note', () => api.note('i1', 'a', 'n1'))
      desk.begin('dispatch')
      const taken = desk.submit('dispatch', () => api.dispatch('i1', 'r1'))
      desk.dialog.value = null
      desk.begin('dispatch')
      const sent = desk.submit('dispatch', () => api.dispatch('i1', 'r2'))
      answer(0, { error: 'unexpected', detail: '' }, 500)
      await settle()
      answer(1, whole({ version: 3 }))
      expect([await first, await taken, await sent, paths()]).toEqual([false, false, true, ['/api/incidents/i1/notes', '/api/incidents/i1/dispatches']])
    })

    it('A on one incident and A on the next are two presses; what the first is refused is said with its name, and the second does not wipe it away', async () => {
      const { desk } = begin()
      store.board.value = adopt(store.board.value, card({ id: 'i2' }))
      await settle()
      hold()
      desk.begin('acknowledge')
      store.selected.value = 'i2'
      expect(desk.busy('acknowledge')).toBe(false)
      desk.begin('acknowledge')
      answer(0, { error: 'already_acknowledged', detail: '' }, 409)
      await settle()
      answer(1, whole({ id: 'i2', version: 10 }))
      await settle()
      expect(paths()).toEqual(['/api/incidents/i1/acknowledge', '/api/incidents/i2/acknowledge'])
      expect([desk.refused.value?.key, desk.about.value?.id]).toEqual(['already_acknowledged', 'i1'])
    })

    it('waits for nothing that was asked of another incident: one that is stuck holds up its own alone, in the order of the presses', async () => {
      const { desk } = begin()
      store.board.value = adopt(store.board.value, card({ id: 'i2' }))
      await settle()
      hold()
      desk.begin('acknowledge')
      void desk.submit('note', () => api.note('i1', 'x', 'n1'))
      store.selected.value = 'i2'
      desk.begin('acknowledge')
      const noted = desk.submit('note', () => api.note('i2', 'x', 'n2'))
      expect(paths()).toEqual(['/api/incidents/i1/acknowledge', '/api/incidents/i2/acknowledge'])
      answer(1, whole({ id: 'i2', ...acknowledged, version: 10 }))
      await settle()
      answer(2, whole({ id: 'i2', version: 11 }))
      expect([await noted, desk.busy('acknowledge'), paths().at(-1)]).toEqual([true, false, '/api/incidents/i2/notes'])
      answer(0, whole({ version: 10 }))
      await settle()
      expect([paths().at(-1), store.current.value?.id, store.board.value.incidents.get('i1')?.version]).toEqual(['/api/incidents/i1/notes', 'i2', 10])
    })

    it('is told when it was not done, since its dialog was closed while it waited', async () => {
      const { desk } = begin({ state: 'acknowledged', allowed: ['dispatch'] })
      await settle()
      hold()
      void desk.errand('d1', 'depart')
      desk.dialog.value = 'dispatch'
      const sent = desk.submit('dispatch', () => api.dispatch('i1', 'r1'))
      desk.dialog.value = null
      answer(0, {})
      expect(await sent).toBe(false)
      expect(paths()).toEqual(['/api/dispatches/d1/depart'])
      expect([desk.refused.value?.key, desk.about.value?.id]).toEqual(['taken_back', 'i1'])
    })

    it.each([['the answer about another', 'other'], ['A once more', 'again']])('D before A is answered is not forgotten by %s', async (_, which) => {
      const { desk } = begin()
      store.board.value = adopt(store.board.value, card({ id: 'i2' }))
      await settle()
      hold()
      if (which === 'other') desk.begin('acknowledge')
      store.selected.value = 'i2'
      desk.begin('acknowledge')
      desk.hear('d')
      if (which === 'other') answer(0, { error: 'already_acknowledged', detail: '' }, 409)
      else desk.begin('acknowledge')
      await settle()
      answer(which === 'other' ? 1 : 0, whole({ id: 'i2', ...acknowledged, version: 10 }))
      await settle()
      expect(desk.dialog.value).toBe('dispatch')
    })
  })

  it('D before A is answered and before the board is told opens when it is; not when A is refused, nor for another incident', async () => {
    const told = { version: 2, state: 'acknowledged' as const, allowed: ['dispatch'] }
    for (const [refuses, moves, opens] of [[false, false, 'dispatch'], [true, false, null], [false, true, null]] as const) {
      store.board.value = EMPTY
      const { desk } = begin()
      store.board.value = adopt(store.board.value, card({ id: 'i2', state: 'acknowledged', allowed: ['dispatch'] }))
      await settle()
      answers = [() => (refuses ? { status: 409, body: { error: 'stale_version', detail: '' } } : { body: whole(told) })]
      desk.begin('acknowledge')
      desk.hear('d')
      if (moves) store.selected.value = 'i2'
      await settle()
      expect(desk.dialog.value).toBe(opens)
    }
  })

  it.each([[['a'], 1, null], [['a', 'd'], 1, 'dispatch'], [['d'], 0, null], [['a', 'Escape'], 0, null], [['a'], 0, null]] as const)('%j on a press that is not stored yet is heard when it is, and not much later', async (keys, acknowledged, opens) => {
    const slow = keys.length === 1 && keys[0] === 'a' && !acknowledged
    vi.useFakeTimers({ toFake: ['performance'] })
    store.board.value = reduce({ ...EMPTY, complete: true }, { type: 'press', seq: 1, press: press() })
    store.selected.value = 'i1'
    const desk = scope.run(() => createDesk(store, createDetail(store)))!
    for (const key of keys) desk.hear(key)
    vi.advanceTimersByTime(slow ? 11_000 : 100)
    answers = [() => ({ body: whole({ version: 1 }) }), () => ({ body: whole({ version: 2, state: 'acknowledged', allowed: ['dispatch'] }) })]
    store.board.value = adopt(store.board.value, card())
    await settle()
    expect([asked.filter((one) => one.method === 'POST').length, desk.dialog.value]).toEqual([acknowledged, opens])
    vi.useRealTimers()
  })

  it('a key that is pressed for a press not stored yet is heard although it was pressed too early before', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    store.board.value = reduce({ ...EMPTY, complete: true }, { type: 'press', seq: 1, press: press() })
    store.selected.value = 'i1'
    const desk = scope.run(() => createDesk(store, createDetail(store)))!
    desk.hear('d')
    vi.advanceTimersByTime(11_000)
    desk.hear('a')
    vi.advanceTimersByTime(100)
    answers = [() => ({ body: whole({ version: 1 }) }), () => ({ body: whole({ version: 2, state: 'acknowledged', allowed: ['dispatch'] }) })]
    store.board.value = adopt(store.board.value, card())
    await settle()
    expect([asked.filter((one) => one.method === 'POST').length, desk.dialog.value]).toEqual([1, null])
    vi.useRealTimers()
  })

  it('what is heard late opens nothing over a dialog that was opened since, whoever opened that', async () => {
    const { desk } = begin()
    await settle()
    answers = [() => ({ body: whole({ version: 2, state: 'acknowledged', allowed: ['dispatch'] }) })]
    desk.begin('acknowledge')
    desk.hear('d')
    modals.value += 1
    await settle()
    modals.value -= 1
    expect(desk.dialog.value).toBeNull()
  })

  it('a key does nothing to an incident that is not on the screen, at once or when the answer is heard, and that is told', async () => {
    store.board.value = adopt(store.board.value, card())
    store.selected.value = 'i1'
    const shown = ref(false)
    const desk = scope.run(() => createDesk(store, createDetail(store), () => shown.value))!
    await settle()
    desk.begin('acknowledge')
    expect([desk.busy('acknowledge'), desk.refused.value?.key]).toEqual([false, 'not_shown'])
    shown.value = true
    answers = [() => ({ body: whole({ version: 2, state: 'acknowledged', allowed: ['dispatch'] }) })]
    desk.begin('acknowledge')
    desk.hear('d')
    shown.value = false
    await settle()
    expect([desk.dialog.value, desk.refused.value?.key]).toEqual([null, 'not_shown'])
  })

  it('a key means nothing later where nothing is on its way', async () => {
    const { desk } = begin()
    desk.hear('d')
    answers = [() => ({ body: whole({ version: 2, state: 'acknowledged', allowed: ['dispatch'] }) })]
    desk.begin('acknowledge')
    await settle()
    expect(desk.dialog.value).toBeNull()
  })

  it('what was told by telephone is written down also where it cannot be read again', async () => {
    const { detail, desk } = begin()
    await settle()
    answers = [() => ({ body: {} }), () => new TypeError('no network')]
    expect(await desk.errand('d1', 'depart')).toBe(true)
    expect([desk.refused.value, detail.trouble.value?.key]).toEqual([null, 'unreachable'])
  })

  it('an answer that comes late closes no dialog that was opened since: A, then D before A is answered', async () => {
    const { desk } = begin()
    await settle()
    answers = [() => ({ body: whole({ version: 2, state: 'acknowledged', allowed: ['dispatch'] }) })]
    desk.begin('acknowledge')
    store.board.value = adopt(store.board.value, card({ version: 2, state: 'acknowledged', allowed: ['dispatch'] })) // the board was told first
    desk.begin('dispatch')
    await settle()
    expect(desk.busy('acknowledge')).toBe(false)
    expect(desk.dialog.value).toBe('dispatch')
  })

  it('nor one of the same kind: sent, closed by Escape, opened for the next', async () => {
    const { desk } = begin({ state: 'acknowledged', allowed: ['dispatch'] })
    await settle()
    desk.begin('dispatch')
    const sent = desk.submit('dispatch', () => api.dispatch('i1', 'r1'))
    desk.dialog.value = null
    desk.begin('dispatch')
    expect(await sent).toBe(true)
    expect(desk.dialog.value).toBe('dispatch')
    expect(await desk.submit('dispatch', () => api.dispatch('i1', 'r2'))).toBe(true)
    expect(desk.dialog.value).toBeNull()
  })

  it('a refusal is shown, leaves the dialog open, and can be dismissed', async () => {
    const { desk } = begin({ state: 'acknowledged', allowed: ['dispatch'] })
    await settle()
    desk.begin('dispatch')
    answers = [() => ({ status: 409, body: { error: 'responder_busy', detail: 'r1' } })]
    expect(await desk.submit('dispatch', () => api.dispatch('i1', 'r1'))).toBe(false)
    expect(desk.refused.value).toBeInstanceOf(Refused)
    expect(desk.refused.value?.key).toBe('responder_busy')
    expect(desk.dialog.value).toBe('dispatch')
    desk.dismiss()
    expect(desk.refused.value).toBeNull()
  })

  it('details that cannot be read keep what was read, and say so', async () => {
    const { detail } = begin()
    await settle()
    answers = [() => ({ status: 503, body: { error: 'store_unavailable', detail: '' } })]
    store.board.value = adopt(store.board.value, card({ version: 2 }))
    await settle()
    expect(detail.trouble.value?.key).toBe('store_unavailable')
    expect(detail.detail.value?.card.id).toBe('i1')
  })

  it('an older answer that comes late does not take the place of a newer one', async () => {
    const { detail } = begin()
    await settle()
    let late = (): void => undefined
    vi.stubGlobal('fetch', () => new Promise((answer) => { late = () => answer(new Response(JSON.stringify(whole({ version: 2 })))) }))
    store.board.value = adopt(store.board.value, card({ version: 2 }))
    await settle()
    detail.put(whole({ version: 3, state: 'acknowledged' }))
    late()
    await settle()
    expect(detail.detail.value?.card.version).toBe(3)
  })

  it('nor does one of the same version that was asked for before the act: who was brought out stays out', async () => {
    const { detail } = begin()
    await settle()
    let late = (): void => undefined
    vi.stubGlobal('fetch', () => new Promise((answer) => { late = () => answer(new Response(JSON.stringify(whole({ version: 1 })))) }))
    detail.again()
    detail.put({ ...whole(), site_phone: 'after' })
    late()
    await settle()
    expect(detail.detail.value?.site_phone).toBe('after')
  })

  it('what failed about one incident is not said about the next', async () => {
    const { detail } = begin()
    await settle()
    answers = [() => ({ status: 503, body: { error: 'store_unavailable', detail: '' } })]
    store.board.value = adopt(store.board.value, card({ version: 2 }))
    await settle()
    store.board.value = adopt(store.board.value, card({ id: 'i2' }))
    store.selected.value = 'i2'
    vi.stubGlobal('fetch', () => new Promise(() => undefined))
    await settle()
    expect(detail.trouble.value).toBeNull()
  })

  it('an answer about an incident that is no longer selected does not take its place', async () => {
    const { detail } = begin()
    await settle()
    store.selected.value = null
    detail.put(whole({ version: 7 }))
    await settle()
    expect(store.board.value.incidents.get('i1')?.version).toBe(7)
    expect(detail.detail.value).toBeNull()
  })
})

describe('the selection', () => {
  const arrive = (id: string, over = {}) => { store.board.value = adopt(store.board.value, card({ id, state_at: `2026-11-24T19:12:4${id.slice(-1)}Z`, ...over })) }
  const leave = (id: string) => arrive(id, { version: 9, state: 'closed' })
  const ticks = async () => { await nextTick(); await nextTick(); await nextTick() }
  function begin() {
    const open = ref(false)
    const desk = scope.run(() => {
      const made = createDesk(store, createDetail(store))
      useSelection(store, () => made.dialog.value !== null || open.value, made.slip)
      return made
    })!
    return { desk, open }
  }

  it('is the first that arrives, and stays when more arrive', async () => {
    begin()
    arrive('i5')
    await ticks()
    arrive('i1')
    await ticks()
    expect([store.selected.value, store.sorted.value[0]!.id]).toEqual(['i5', 'i1'])
  })

  it('goes to the neighbour of what leaves, and a key that was meant for that is not heard by the neighbour', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { desk } = begin()
    for (const id of ['i1', 'i2', 'i3']) arrive(id)
    store.selected.value = 'i2'
    await ticks()
    leave('i2')
    await ticks()
    expect(store.selected.value).toBe('i3')
    desk.begin('acknowledge')
    expect([desk.busy('acknowledge'), desk.refused.value?.key]).toEqual([false, 'moved_on'])
    vi.advanceTimersByTime(420)
    desk.begin('acknowledge')
    expect(desk.busy('acknowledge')).toBe(true)
    vi.useRealTimers()
  })

  it('nor is it heard late for a neighbour that is not stored yet', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { desk } = begin()
    arrive('i2')
    store.board.value = reduce({ ...store.board.value, seq: 0, complete: true }, { type: 'press', seq: 1, press: press() })
    store.selected.value = 'i2'
    await ticks()
    leave('i2')
    await ticks()
    expect([store.selected.value, store.current.value?.stored]).toEqual(['i1', false])
    desk.hear('a')
    expect(desk.refused.value?.key).toBe('moved_on')
    vi.advanceTimersByTime(420)
    arrive('i1')
    await ticks()
    expect(desk.busy('acknowledge')).toBe(false)
    vi.useRealTimers()
  })

  it.each(['a note that is being written', 'a sheet that is read to 119'])('waits for %s: what ended stays under it, and says so', async (what) => {
    const { desk, open } = begin()
    for (const id of ['i1', 'i2']) arrive(id)
    store.selected.value = 'i1'
    await ticks()
    if (what.startsWith('a note')) desk.begin('note')
    else open.value = true
    leave('i1')
    await ticks()
    expect([store.selected.value, store.current.value?.id]).toEqual(['i1', 'i1'])
    expect([desk.dialog.value, desk.gone.value]).toEqual(open.value ? [null, false] : ['note', true])
    desk.dialog.value = null
    open.value = false
    await ticks()
    expect([store.selected.value, desk.gone.value]).toEqual(['i2', false])
  })

  it('is none when nothing is left', async () => {
    begin()
    arrive('i1')
    await ticks()
    leave('i1')
    await ticks()
    expect([store.selected.value, store.current.value]).toEqual([null, null])
  })
})
