import { describe, expect, it } from 'vitest'
import type { DispatchDetail, IncidentDetail } from '../src/api/types'
import { errands, left, next, stepOf } from '../src/responder/errand'
import { at, card, T0 } from './build'

function own(over: Partial<DispatchDetail>): DispatchDetail {
  return {
    id: 'd1', responder: 'r1', responder_name: '孟强', responder_kind: 'nurse', vehicle: 'ebike', state: 'offered', offered_at: at(0), deadline_at: at(60),
    travel_s: 250, eta_at: null, allowed: ['accept', 'decline'], route: [], distance_m: 1100, accepted_at: null, en_route_at: null, arrived_at: null,
    entered_at: null, ended_at: null, ranking: [], ...over,
  }
}
const detail = (id: string, ...list: DispatchDetail[]): IncidentDetail => ({ card: card({ id }), private: null, site_phone: '', phones: {}, alarm_list: [], trail: [], dispatch_list: list, curves: [], fire: null })

describe("a responder's errands", () => {
  it("are one's own and running, the furthest along first", () => {
    const list = [
      detail('a', own({ id: '1', deadline_at: at(50) })), detail('b', own({ id: '2', deadline_at: at(30) })),
      detail('c', own({ id: '3', state: 'en_route' })), detail('d', own({ id: '4', state: 'declined' })), detail('e', own({ id: '5', responder: 'r2' })),
    ]
    expect(errands(list, 'r1').map((one) => one.own.id)).toEqual(['3', '2', '1'])
    expect(errands(list, '')).toEqual([])
  })

  it.each([
    [['accept', 'decline', 'recall'], 'accept'], [['depart', 'decline'], 'depart'], [['arrive'], 'arrive'], [['enter', 'finish'], 'enter'], [['finish'], 'finish'], [[], null],
  ] as const)('%j asks for %s', (allowed, action) => expect(next({ allowed: [...allowed] })).toBe(action))

  it.each([
    ['offered', 'offer'], ['accepted', 'route'], ['en_route', 'route'], ['arrived', 'person'], ['entered', 'outcome'],
  ] as const)('%s shows the %s', (state, step) => expect(stepOf({ state })).toBe(step))

  it('the countdown runs from whole to nothing and not beyond', () => {
    expect([-10, 0, 30, 60, 90].map((s) => left(own({}), T0 + s * 1000))).toEqual([1, 1, 0.5, 0, 0])
  })
})
