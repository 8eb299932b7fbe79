import { describe, expect, it } from 'vitest'
import type { AlarmShape, Evacuee, FireZone, IncidentDetail } from '../src/api/types'
import { after, alarmsOf, burns, curvesOf, groups, inside, likeness, rows, standard } from '../src/console/fire'
import { drawn, frameOf, telling } from '../src/parts/curves'
import { at, card, reading, T0 } from './build'

const zone = (order: number, code: string, seconds: number): FireZone => ({ order, zone: code ? { code, kind: 'room', name_zh: `${code}室`, name_en: code, floor: 1 } : null, at: at(seconds), kinds: ['smoke'], devices: [], stands: true, reasons: [] })
const alarm = (kind: string, zone: string, seconds = 0, over: Partial<AlarmShape> = {}): AlarmShape => ({
  id: `${kind}${zone}${seconds}`, source: zone, device: zone, profile: 'smoke_detector', zone, kind, priority: 1, state: 'active', at: at(seconds), received_at: at(0), stored_at: at(0),
  cleared_at: null, ended_at: null, late_s: 0, rule_version: 'r/1', evidence: {}, reasons: [{ rule: 'looks_like_steam', value: null, limit: null, unit: '', source: 'ours' }], ...over,
})
const person = (code: string, order: number, reduced_mobility = false, out_at: string | null = null): Evacuee => ({
  senior: { code, name: '李**', sex: 'f', age: 86, tags: [], ability_level: 2 }, name: '李秀英', bed: null, order, reduced_mobility, aids: [], out_at, out_by: '',
})
const detail = (over: Partial<IncidentDetail> = {}): IncidentDetail => ({
  card: card({ hazard: 'fire' }), private: null, site_phone: '', phones: {}, trail: [], dispatch_list: [],
  alarm_list: [alarm('smoke', 'r2', 30), alarm('heat', 'r1', 20), alarm('smoke', 'r1', 0)], curves: [reading({ zone: 'r1' }), reading({ zone: '' })],
  fire: { instruction: 'verify_fire', zones: [zone(1, 'r1', 0), zone(2, 'r2', 30)], evacuees: [] }, ...over,
})

describe('a fire', () => {
  it('each zone has its own alarms, the earliest first, and its own curves; the site itself has what hangs in no zone', () => {
    const it_ = detail()
    expect(alarmsOf(it_, it_.fire!.zones[0]!).map((one) => one.kind)).toEqual(['smoke', 'heat'])
    expect(curvesOf(it_, zone(1, 'r1', 0))).toHaveLength(1)
    expect(curvesOf(it_, zone(1, '', 0)).map((one) => one.zone)).toEqual([''])
    expect(after(it_.fire!.zones, it_.fire!.zones[1]!)).toBe(30)
  })
  it('what may be steam says so only while that stands', () => {
    expect(likeness([alarm('smoke', 'r1')])).toEqual([])
    expect(likeness([alarm('smoke_check', 'r1')]).map((one) => one.rule)).toEqual(['looks_like_steam'])
    expect(likeness([alarm('smoke_check', 'r1', 0, { state: 'cleared' })])).toEqual([])
  })
  it('is read again while it burns, and no longer', () => {
    expect(burns(detail())).toBe(true)
    expect(burns(detail({ fire: null }))).toBe(false)
    for (const state of ['resolved', 'closed', 'cancelled'] as const) expect(burns(detail({ card: card({ hazard: 'fire', state }) }))).toBe(false)
  })
  it('the list is another one under a finger once somebody is out, or has moved', () => {
    const [a, b] = [person('a', 1), person('b', 2)]
    const ways = [[a, b], [b, a], [person('a', 1, false, at(9)), b], [b]]
    expect(new Set(ways.map(rows)).size).toBe(ways.length)
    expect(rows([a, b])).toBe(rows([{ ...a, out_by: 'x' }, b]))
  })
  it('the list keeps the order of the server in each of its parts, and no part is empty', () => {
    const list = [person('lies', 2, true), person('walks', 1), person('near', 0, true)]
    expect(groups(list).map((part) => [part.key, part.people.map((one) => one.senior.code)])).toEqual([['cannot_walk', ['lies']], ['zone', ['walks']], ['floor', ['near']]])
    expect(groups([list[1]!]).map((part) => part.key)).toEqual(['zone'])
    expect(inside([person('a', 1), person('b', 1, false, at(9))]).map((one) => one.senior.code)).toEqual(['a'])
  })
  it('a standard is named, a rule of ours is not, and our own marks are not for readers', () => {
    expect(['EN 54-7 [M]', 'EN 50291-1 lowest gate [M]; ours', 'GB 14287.2 [M]', 'GB 50440, BS 5839-1', 'ours', 'ours, model fire/3', "the device's own certified decision"].map(standard)).toEqual([
      'EN 54-7', 'EN 50291-1', 'GB 14287.2', 'GB 50440, BS 5839-1', '', '', ''])
  })
})

describe('the curves that are drawn', () => {
  const one = (device: string, metric: string, limit: number | null = null) => reading({ device, metric, limit, points: [[T0, 1]] })
  it('are of what alarmed first, then of what has a limit; the rest of them waits', () => {
    const curves = [one('air', 'co2'), one('far', 'co', 30), one('near', 'humidity'), one('near', 'smoke_obscuration', 10), one('air', 'temperature')]
    const names = (most: number, ...alarmed: string[]) => telling(curves, most, new Set(alarmed)).map((it) => it.metric)
    expect(names(3, 'near')).toEqual(['smoke_obscuration', 'humidity', 'co'])
    expect(names(2)).toEqual(['co', 'smoke_obscuration'])
    expect(names(9, 'near')).toHaveLength(5)
  })
})

describe('a curve with a limit', () => {
  it('begins at zero and holds the limit, so that one sees how far away it is', () => {
    const curve = reading({ metric: 'smoke_obscuration', points: [[T0, 1], [T0 + 1000, 2]], limit: 10, limit_source: 'EN 54-7' })
    const [line] = drawn([curve], frameOf([curve], T0, 300, 60))
    const ys = [...line!.path.matchAll(/[ML][\d.-]+ ([\d.-]+)/g)].map((m) => Number(m[1]))
    expect(line!.limit!.y).toBeCloseTo(5)
    expect(Math.min(...ys)).toBeGreaterThan(30)
    expect(drawn([reading({ points: [[T0, 1]] })], frameOf([], T0, 300, 60))[0]!.limit).toBeNull()
  })
})
