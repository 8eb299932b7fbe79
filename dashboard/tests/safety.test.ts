import { describe, expect, it } from 'vitest'
import openapi from '../src/api/openapi.json'
import { MESSAGES } from '../src/i18n'
import { change, invented, line, path, pts, worst } from '../src/safety/figures'
import { pathOf, placeOf } from '../src/safety/route'
import type { Day, Part } from '../src/safety/types'
import { pageOf } from '../src/console/page'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const day = (date: string, score: number | null, demo = false): Day => ({ day: date, score, proven: score ?? 0, lost: 0, unknown: 0, demo })
const part = (key: string, lost: number): Part => ({ key, weight: 10, proven: 10 - lost, lost, unknown: 0, good: 0, bad: 0, not_known: 0 })
const read = (path: string) => readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8')

describe('points', () => {
  it('a real loss is never shown as nothing', () => expect([pts(0), pts(0.04), pts(0.05), pts(12.34)]).toEqual(['0.0', '<0.1', '0.1', '12.3']))
  it('what costs most comes first, and what costs nothing does not come', () => {
    expect(worst([part('a', 0), part('b', 2), part('c', 5), part('d', 0.01)], 2).map((it) => it.key)).toEqual(['c', 'b'])
  })
})

describe('a trend', () => {
  const days = [day('2026-11-01', 80), day('2026-11-02', 82), day('2026-11-03', null), day('2026-11-04', 90)]
  it('is interrupted where nothing was scored, and rises with the score', () => {
    const points = line(days, 100, 20)
    expect(points.map((it) => it.breaks)).toEqual([true, false, true])
    expect(points[2]!.y).toBeLessThan(points[0]!.y)
    expect(points.every((it) => it.x >= 0 && it.x <= 100 && it.y >= 0 && it.y <= 20)).toBe(true)
    expect(path(points, false).match(/[ML]/g)).toEqual(['M', 'L'])
    expect(path(points, true)).toBe('')
  })
  it('says which days are the demo\'s: every stroke that touches one', () => {
    const mixed = [day('2026-11-01', 80, true), day('2026-11-02', 82, true), day('2026-11-03', 84), day('2026-11-04', 86)]
    const points = line(mixed, 100, 20)
    expect([path(points, true), path(points, false)].map((it) => it.match(/M/g)!.length)).toEqual([2, 1])
    expect(path(points, false)).toBe(`M${points[2]!.x.toFixed(1)} ${points[2]!.y.toFixed(1)}L${points[3]!.x.toFixed(1)} ${points[3]!.y.toFixed(1)}`)
    expect([invented(mixed), invented(mixed.slice(2)), invented([])]).toEqual([true, false, false])
  })
  it('of one day is a point, of none nothing', () => {
    expect(line([day('2026-11-01', 80)], 100, 20)).toHaveLength(1)
    expect(line([day('2026-11-01', null)], 100, 20)).toEqual([])
    expect([change(days), change(days.slice(0, 1)), change([])]).toEqual([10, null, null])
  })
})

describe('the address', () => {
  it('leads to the place and back', () => {
    for (const place of [{ site: '', criterion: '' }, { site: 'inst03', criterion: '' }, { site: 'inst03', criterion: 'exits' }]) expect(placeOf(pathOf(place))).toEqual(place)
    expect(placeOf('/devices/inst03')).toEqual({ site: '', criterion: '' })
    expect([pageOf('/safety'), pageOf('/safety/inst03/exits'), pageOf('/safetynet')]).toEqual(['safety', 'safety', 'desk'])
  })
})

describe('every word of the index has a sentence', () => {
  const keys = new Set(Object.keys(MESSAGES.zh))
  const has = (prefix: string, names: readonly string[]) => expect(names.filter((it) => !keys.has(`${prefix}.${it}`))).toEqual([])
  it('criteria', () => {
    const names = [...read('care/safety.py').matchAll(/^ {4}Criterion\(\s*"(\w+)"/gm)].map((it) => it[1]!)
    expect(names).toHaveLength(13)
    for (const prefix of ['criterion', 'full', 'source']) has(`safety.${prefix}`, names)
  })
  it('reasons', () => {
    const text = read('care/safety_evidence.py') + read('care/safety_records.py') + read('care/standing.py')
    const names = [...keys].filter((it) => it.startsWith('safety.why.')).map((it) => it.slice(11))
    expect(names.filter((it) => !text.includes(`"${it}"`))).toEqual([])
    const said = [...text.matchAll(/(?:_GOOD|_BAD|_UNKNOWN), "(\w+)"/g), ...text.matchAll(/facts, "(no_\w+)"/g), ...text.matchAll(/return "(\w+)"/g)].map((it) => it[1]!)
    expect(said.length).toBeGreaterThan(20)
    has('safety.why', said)
  })
  it('checks, verdicts and marks', () => {
    const of = (schema: 'CheckForm', field: 'kind' | 'result') => openapi.components.schemas[schema].properties[field].enum
    has('safety.kind', of('CheckForm', 'kind'))
    has('safety.result', of('CheckForm', 'result'))
    has('safety.verdict', openapi.components.schemas.EvidenceShape.properties.verdict.enum)
    has('safety.mark', openapi.components.schemas.CriterionShape.properties.mark.enum)
    has('safety.sheet', openapi.components.schemas.EvidenceShape.properties.kind.enum)
  })
})
