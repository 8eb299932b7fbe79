import { describe, expect, it } from 'vitest'
import { aimed, seenBefore, UNSEEN_MS } from '../src/queue/aim'
import { items } from '../src/queue/items'
import { elapsed, ordered, section, sections, share } from '../src/queue/order'
import { at, card, item, press, T0 } from './build'

const NOW = T0 + 100_000
const ids = (list: ReturnType<typeof item>[]) => ordered(list, NOW).map((one) => one.id)

describe('the order of the queue', () => {
  it('fire goes before everything, also when it is acknowledged and of lower priority', () => {
    expect(ids([item('sos'), item('fire', { hazard: 'fire', priority: 2, state: 'acknowledged' })])).toEqual(['fire', 'sos'])
  })

  it('then priority', () => {
    expect(ids([item('c', { priority: 3 }), item('d', { priority: 4 }), item('a', { priority: 1, state: 'acknowledged' }), item('b', { priority: 2 })])).toEqual(['a', 'b', 'c', 'd'])
  })

  it('then unacknowledged before acknowledged, however late the latter is', () => {
    expect(ids([item('ack', { state: 'acknowledged', state_at: at(-9999) }), item('new', { state_at: at(99) })])).toEqual(['new', 'ack'])
  })

  it('then the share of the target that is used, not the time', () => {
    const slow = item('slow', { state: 'dispatched', state_at: at(-200), target_s: 720 })
    const tight = item('tight', { state: 'acknowledged', state_at: at(20), target_s: 90 })
    expect(ids([slow, tight])).toEqual(['tight', 'slow'])
  })

  it('real before drill, and what only waits for its cause last', () => {
    const list = [item('done', { hazard: 'fire', state: 'resolved' }), item('drill', { hazard: 'fire', drill: true }), item('low', { priority: 4 })]
    expect(ids(list)).toEqual(['low', 'drill', 'done'])
    expect(sections(list, NOW).map(({ name, items: part }) => [name, part.length])).toEqual([['live', 1], ['drill', 1], ['resolved', 1]])
  })

  it('is the same whatever the order of arrival, and equal cards stand by id', () => {
    const list = [item('b'), item('a'), item('c', { state_at: at(-1) }), item('d', { priority: 3 })]
    const expected = ids(list)
    for (let i = 0; i < list.length; i += 1) expect(ids([...list.slice(i), ...list.slice(0, i)].reverse())).toEqual(expected)
    expect(expected).toEqual(['c', 'a', 'b', 'd'])
  })

  it('does not change its input', () => {
    const list = [item('b', { priority: 4 }), item('a')]
    ordered(list, NOW)
    expect(list.map((one) => one.id)).toEqual(['b', 'a'])
  })

  it('empty sections are not there', () => {
    expect(sections([], NOW)).toEqual([])
  })
})

describe('time against the target', () => {
  it.each([
    [0, 60, 0], [30, 60, 0.5], [60, 60, 1], [120, 60, 2], [30, null, 0], [30, 0, 0],
  ])('%i s of %s', (seconds, target, expected) => {
    expect(share(card({ state_at: at(0), target_s: target }), T0 + seconds * 1000)).toBeCloseTo(expected)
  })

  it('a state that begins in our future has lasted nothing', () => {
    expect(elapsed(card({ state_at: at(5) }), T0)).toBe(0)
  })
})

describe('what stands in the queue', () => {
  it('a press that is not stored is an open card, marked, with the answer target', () => {
    const [heard] = items({ incidents: new Map(), presses: new Map([['i1', press({ at: at(-840), received_at: at(0) })]]) })
    expect(heard).toMatchObject({ id: 'i1', stored: false })
    expect(heard!.card).toMatchObject({ state: 'open', target_s: 60, late_s: 840, allowed: [], version: 0 })
    expect(section(heard!.card)).toBe('live')
  })

  it('a press in time is not late', () => {
    const [heard] = items({ incidents: new Map(), presses: new Map([['i1', press({ at: at(-2) })]]) })
    expect(heard!.card.late_s).toBe(0)
  })
})

describe('a click on a queue that has just been sorted again', () => {
  const places = [{ id: 'a', top: 50, bottom: 110 }, { id: 'b', top: 110, bottom: 170 }]
  const seen = { places, at: 1_000 }
  it('means the card that stood there when the hand set out', () => {
    expect(aimed(seen, 60, 1_100, 'new')).toBe('a')
    expect(aimed(seen, 110, 1_100, 'a')).toBe('b')
  })
  it('means the card that is clicked where none stood, once the change was seen, and where nothing has changed', () => {
    expect(aimed(seen, 200, 1_100, 'new')).toBe('new')
    expect(aimed(seen, 60, 1_000 + UNSEEN_MS, 'new')).toBe('new')
    expect(aimed(null, 60, 0, 'new')).toBe('new')
  })
  it('of two changes in short order the first is what was seen', () => {
    const first = seenBefore(null, 1_000, () => places)
    expect(seenBefore(first, 1_200, () => [])).toBe(first)
    expect(seenBefore(first, 1_000 + UNSEEN_MS, () => [])).toEqual({ places: [], at: 1_000 + UNSEEN_MS })
  })
})
