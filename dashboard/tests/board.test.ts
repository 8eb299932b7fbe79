import { describe, expect, it } from 'vitest'
import type { ServerMessage } from '../src/api/types'
import { adopt, type Board, EMPTY, reconnected, reduce } from '../src/live/board'
import { at, card, FIGURES, HEALTH, press, responder } from './build'

const hello = (seq: number): ServerMessage => ({ type: 'hello', seq, server_time: at(0), version: '0.1.0' })
const snapshot = (seq: number, over: Partial<Extract<ServerMessage, { type: 'snapshot' }>> = {}): ServerMessage => ({
  type: 'snapshot', seq, at: at(0), incidents: [], presses: [], responders: [], figures: FIGURES, health: HEALTH, ...over,
})
const incident = (seq: number, over = {}): ServerMessage => ({ type: 'incident', seq, incident: card(over) })
const all = (messages: ServerMessage[], from: Board = EMPTY) => messages.reduce(reduce, from)

describe('the board', () => {
  it('begins complete with the snapshot and knows the version of the server', () => {
    const board = all([hello(1), snapshot(2, { incidents: [card()], responders: [responder()] })])
    expect(board.complete).toBe(true)
    expect(board.version).toBe('0.1.0')
    expect([...board.incidents.keys()]).toEqual(['i1'])
    expect(board.responders.get('r1')?.name).toBe('孟强')
  })

  it('takes any first number, since numbers are per connection', () => {
    expect(all([hello(0), snapshot(1)]).gap).toBe(false)
    expect(all([hello(7), snapshot(8)]).gap).toBe(false)
  })

  it.each([[3], [1], [0], [100]])('a jump from 2 to %i is a gap, and nothing after it is adopted', (seq) => {
    const board = all([hello(1), snapshot(2), incident(seq, { id: 'x' }), incident(seq + 1, { id: 'y' })])
    const jumped = seq !== 3
    expect(board.gap).toBe(jumped)
    expect(board.incidents.size).toBe(jumped ? 0 : 2)
  })

  it('after a gap, the new connection begins again but what was held stays visible', () => {
    const before = all([hello(1), snapshot(2, { incidents: [card()] }), hello(9)])
    const after = reconnected(before)
    expect(before.gap).toBe(true)
    expect(after).toMatchObject({ gap: false, seq: null, complete: false })
    expect(after.incidents.size).toBe(1)
    expect(all([hello(1), snapshot(2)], after).incidents.size).toBe(0)
  })

  it('adopts only a higher version', () => {
    const board = all([hello(1), snapshot(2, { incidents: [card({ version: 5, state: 'acknowledged' })] })])
    expect(reduce(board, incident(3, { version: 4 })).incidents.get('i1')?.state).toBe('acknowledged')
    expect(reduce(board, incident(3, { version: 5 })).incidents.get('i1')?.state).toBe('acknowledged')
    expect(reduce(board, incident(3, { version: 6, state: 'dispatched' })).incidents.get('i1')?.state).toBe('dispatched')
  })

  it('an answer to an action and the message about it meet in one version, in either order', () => {
    const board = all([hello(1), snapshot(2, { incidents: [card()] })])
    const answered = adopt(board, card({ version: 2, state: 'acknowledged' }))
    expect(reduce(answered, incident(3, { version: 2, state: 'acknowledged' })).incidents).toBe(answered.incidents)
  })

  it.each(['closed', 'cancelled'] as const)('what is %s leaves the board', (state) => {
    const board = all([hello(1), snapshot(2, { incidents: [card()] }), incident(3, { version: 2, state })])
    expect(board.incidents.size).toBe(0)
  })

  it('what has ended is not brought back by an answer or a press that comes late, nor by the next snapshot', () => {
    const over = all([hello(1), snapshot(2, { incidents: [card()] }), incident(3, { version: 9, state: 'closed' })])
    expect(adopt(over, card({ version: 8, state: 'open' })).incidents.size).toBe(0)
    expect(reduce(over, { type: 'press', seq: 4, press: press() }).presses.size).toBe(0)
    const again = all([hello(1), snapshot(2)], reconnected(over))
    expect(adopt(again, card({ version: 8, state: 'open' })).incidents.size).toBe(0)
  })

  it('shows a press until its incident arrives', () => {
    const heard = all([hello(1), snapshot(2), { type: 'press', seq: 3, press: press() }])
    expect(heard.presses.size).toBe(1)
    expect(reduce(heard, incident(4)).presses.size).toBe(0)
  })

  it('a press about a subject whose incident rings again leaves with that incident', () => {
    const heard = all([hello(1), snapshot(2, { incidents: [card()] }), { type: 'press', seq: 3, press: press({ incident: 'i2' }) }])
    expect(heard.presses.size).toBe(1)
    expect(reduce(heard, incident(4, { version: 2, rings: 2 })).presses.size).toBe(0)
  })

  it('what ended before a press takes none away, however late its cause is corrected', () => {
    const heard = all([hello(1), snapshot(2), { type: 'press', seq: 3, press: press({ incident: 'i2', received_at: at(90) }) }])
    expect(reduce(heard, incident(4, { version: 7, state: 'closed', state_at: at(60), cause: 'real_fall' })).presses.size).toBe(1)
    expect(reduce(heard, incident(4, { version: 7, state: 'cancelled', state_at: at(91) })).presses.size).toBe(0)
  })

  it("another person's incident takes no press away", () => {
    const heard = all([hello(1), snapshot(2), { type: 'press', seq: 3, press: press({ incident: 'i2' }) }])
    const other = { ...card().senior!, code: 's2' }
    expect(reduce(heard, incident(4, { id: 'i9', senior: other })).presses.size).toBe(1)
    expect(reduce(heard, incident(4, { id: 'i9', drill: true })).presses.size).toBe(1)
  })

  it('a press whose incident is already there says nothing new', () => {
    const board = all([hello(1), snapshot(2, { incidents: [card()] }), { type: 'press', seq: 3, press: press() }])
    expect(board.presses.size).toBe(0)
  })

  it('keeps responders, figures and health', () => {
    const board = all([
      hello(1), snapshot(2, { responders: [responder()] }),
      { type: 'responder', seq: 3, responder: responder({ busy: true }) },
      { type: 'figures', seq: 4, at: at(1), figures: { ...FIGURES, silent: 4 }, health: { ...HEALTH, broker: false } },
      { type: 'pong', seq: 5, number: 1, server_time: at(1) },
    ])
    expect(board.responders.get('r1')?.busy).toBe(true)
    expect(board.figures?.silent).toBe(4)
    expect(board.health?.broker).toBe(false)
    expect(board.seq).toBe(5)
  })

  it('never changes what it was given', () => {
    const board = all([hello(1), snapshot(2, { incidents: [card()] })])
    const incidents = new Map(board.incidents)
    reduce(board, incident(3, { version: 9, state: 'closed' }))
    expect(board.incidents).toEqual(incidents)
  })
})
