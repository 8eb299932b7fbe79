import { describe, expect, it } from 'vitest'
import { condition } from '../src/console/condition'
import { folded } from '../src/console/folded'
import { JOINED_WITHIN, drawn, frameOf, runs } from '../src/parts/curves'
import { at, reading, T0 } from './build'

const alarm = (kind: string, state = 'active', ended_at: string | null = null) => ({ kind, state, ended_at })

describe('what still holds', () => {
  it.each(['sos', 'pull_cord', 'fall'])('%s was a moment: it stays for a person, it does not hold', (kind) => {
    expect(condition([alarm(kind)])).toBe('latched')
  })
  it('smoke holds until its readings are back, and stays until it is resolved', () => {
    expect(condition([alarm('smoke')])).toBe('active')
    expect(condition([alarm('smoke', 'active', at(60))])).toBe('ended')
    expect(condition([alarm('smoke', 'active', at(60)), alarm('co')])).toBe('active')
    expect(condition([alarm('smoke', 'cleared')])).toBe('cleared')
    expect(condition([])).toBe('cleared')
  })
  it('what holds outweighs what is over', () => {
    expect(condition([alarm('sos'), alarm('silence')])).toBe('active')
    expect(condition([alarm('sos'), alarm('smoke', 'active', at(3))])).toBe('ended')
  })
})

describe('the trail is read, not scrolled', () => {
  const line = (id: number, kind: string, data: Record<string, unknown> = {}) => ({ id, at: at(id * 60), kind, actor: 'system', data, cost_s: null, target_s: null })
  it('the same escalation again is one line with a count and the last time', () => {
    const trail = [line(1, 'escalated', { level: 1 }), line(2, 'escalated', { level: 2 }), line(3, 'escalated', { level: 2 }), line(4, 'escalated', { level: 2 })]
    expect(folded(trail).map((one) => [one.line.id, one.times, one.last])).toEqual([[1, 1, at(60)], [2, 3, at(240)]])
  })
  it('nothing else is folded, and nothing across another line', () => {
    const trail = [line(1, 'note'), line(2, 'note'), line(3, 'rang_again'), line(4, 'acknowledged'), line(5, 'rang_again')]
    expect(folded(trail).map((one) => one.times)).toEqual([1, 1, 1, 1, 1])
    expect(folded([])).toEqual([])
  })
})

describe('curves claim nothing that was not measured', () => {
  const points = (...seconds: number[]) => seconds.map((s): [number, number] => [T0 + s * 1000, s])
  it('readings far apart are not joined', () => {
    expect(runs(points(0, 2, 4, 120, 122, 300)).map((run) => run.length)).toEqual([3, 2, 1])
    expect(runs([[0, 1], [JOINED_WITHIN, 1], [2 * JOINED_WITHIN + 1, 1]]).map((run) => run.length)).toEqual([2, 1])
    expect(runs([])).toEqual([])
  })
  it('one alone is a dot; what is on or off holds until it changes', () => {
    const curve = (unit: string) => reading({ metric: 'smoke_obscuration', unit, points: points(0, 1, 200) })
    const [line] = drawn([curve('%/m')], frameOf([curve('%/m')], T0, 300, 60))
    expect([line!.path.match(/M/g)?.length, line!.dots.match(/M/g)?.length]).toEqual([1, 1])
    const [steps] = drawn([curve('bool')], frameOf([curve('bool')], T0, 300, 60))
    expect([steps!.path.match(/H/g)?.length, steps!.dots]).toEqual([2, ''])
  })
})
