import type { FeatureCollection, Point, Position } from 'geojson'
import { describe, expect, it } from 'vitest'
import { bands, boundsOf, facilities, fanned, homes, initial, labels, responders, route } from '../src/map/features'
import { GROUND, OURS, style, TOGGLES } from '../src/map/style'
import { drawn, frameOf, telling, x } from '../src/parts/curves'
import { responder, reading, T0 } from './build'

const SQUARE: Position[] = [[117, 39], [117.2, 39], [117.2, 39.2], [117, 39.2], [117, 39]]
const area: FeatureCollection = {
  type: 'FeatureCollection',
  features: [{ type: 'Feature', properties: { name_zh: '王串场', name_en: 'Wangchuanchang' }, geometry: { type: 'Polygon', coordinates: [SQUARE] } }],
}
const site = (code: string, kind: string) => ({ code, kind, name_zh: code, name_en: code, area: '1', lon: 117.1, lat: 39.1, beds: 0 })

describe('the style', () => {
  const { layers, sources } = style()
  it('is offline: no glyphs, no sprite, no address', () => {
    expect(JSON.stringify(style())).not.toMatch(/https?:|glyphs|sprite|"url"|tiles/)
  })
  it('draws every source, from a source that exists', () => {
    const used = new Set(layers.map((layer) => ('source' in layer ? String(layer.source) : '')).filter(Boolean))
    expect([...used].sort()).toEqual(Object.keys(sources).sort())
    expect(Object.keys(sources).sort()).toEqual([...GROUND, ...OURS].sort())
  })
  it('switches only layers that exist, each id once', () => {
    const ids = layers.map((layer) => layer.id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const wanted of Object.values(TOGGLES).flat()) expect(ids).toContain(wanted)
  })
})

describe('what stands on the map', () => {
  it('homes are apart from facilities', () => {
    const sites = [site('h', 'home'), site('i', 'institution'), site('d', 'day_care')]
    expect(homes(sites).features).toHaveLength(1)
    expect(facilities(sites, (it) => it.name_en).features.map((one) => one.properties?.['name'])).toEqual(['i', 'd'])
  })
  it('shows who is on duty or on an errand; who is sent stands on top', () => {
    const list = [responder({ code: 'a' }), responder({ code: 'b', on_duty: false }), responder({ code: 'c', busy: true }), responder({ code: 'd', on_duty: false })]
    const looks = responders(list, 'd').features.map((one) => [one.properties?.['code'], one.properties?.['look']])
    expect(looks).toEqual([['a', 'free'], ['c', 'busy'], ['d', 'sent']])
  })
  it('an initial is one whole character', () => expect([initial('孟强'), initial('𠮷田'), initial('')]).toEqual(['孟', '𠮷', '?']))
  it('labels stand in the middle, in the language asked for', () => {
    const [label] = labels(area, (it) => it.name_en).features
    const [[lon, lat]] = [(label!.geometry as Point).coordinates]
    expect(lon).toBeCloseTo(117.1, 9)
    expect(lat).toBeCloseTo(39.1, 9)
    expect(label!.properties?.['name']).toBe('Wangchuanchang')
  })
  it('bounds', () => {
    expect(boundsOf(area)).toEqual([[117, 39], [117.2, 39.2]])
    expect(boundsOf({ type: 'FeatureCollection', features: [] })).toBeNull()
  })
  it('bands keep their order, routes of one point are none', () => {
    const polygon = { type: 'Polygon', coordinates: [SQUARE] }
    const made = bands({ responder: 'r', at: '', from_station: false, bands: [polygon, polygon], seconds: [900, 600], seniors_inside: 1 })
    expect(made.features.map((one) => one.properties?.['rank'])).toEqual([0, 1])
    expect(bands(null).features).toEqual([])
    expect(route([[], [[1, 2]], [[1, 2], [3, 4]]]).features).toHaveLength(1)
  })
  it('marks at one place are fanned out around it', () => {
    const here = { lon: 117.1, lat: 39.1 }
    expect(fanned([here, { lon: 117, lat: 39 }, here])).toEqual([-13, 0, 13])
    expect(fanned([])).toEqual([])
  })
})

describe('curves', () => {
  const curve = (metric: string, unit: string, values: number[]) => reading({ metric, unit, points: values.map((v, i): [number, number] => [T0 + i * 1000, v]) })
  it('the link says nothing about why, unless it is all there is', () => {
    const list = [curve('battery', '%', [70]), curve('heart_rate', '1/min', [70, 80]), curve('steps', '1', [])]
    expect(telling(list).map((one) => one.metric)).toEqual(['heart_rate'])
    expect(telling([list[0]!]).map((one) => one.metric)).toEqual(['battery'])
  })
  it('stay inside their frame, with the onset inside it too', () => {
    const list = [curve('heart_rate', '1/min', [70, 90, 80])]
    const frame = frameOf(list, T0 + 60_000, 300, 60)
    expect(x(T0 + 60_000, frame)).toBeGreaterThan(0)
    expect(x(T0 + 60_000, frame)).toBeLessThan(300)
    const ys = [...drawn(list, frame)[0]!.path.matchAll(/[ML]([\d.-]+) ([\d.-]+)/g)].map((m) => Number(m[2]))
    expect(Math.min(...ys)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...ys)).toBeLessThanOrEqual(60)
    expect(ys[1]).toBeLessThan(ys[0]!)
  })
  it('a constant is a line in the middle; on and off are steps; the last value is named', () => {
    const frame = frameOf([curve('co', 'ppm', [5, 5])], T0, 300, 60)
    expect(drawn([curve('co', 'ppm', [5, 5])], frame)[0]!.path).toMatch(/^M[\d.]+ 30\.0L[\d.]+ 30\.0$/)
    const stepped = drawn([curve('occupied', 'bool', [1, 0])], frame)[0]!
    expect(stepped.path).toMatch(/H[\d.]+V/)
    expect(stepped).toMatchObject({ last: 0, age: 12 })
  })
})
