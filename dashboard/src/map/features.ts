/** What stands on the map, as GeoJSON. Pure. */

import type { Feature, FeatureCollection, Geometry, Position } from 'geojson'
import type { Isochrones, Point, ResponderPlace, SitePoint } from '../api/types'

export type Bounds = [[number, number], [number, number]]

const point = (lon: number, lat: number, properties: Record<string, unknown>): Feature => ({
  type: 'Feature', properties, geometry: { type: 'Point', coordinates: [lon, lat] },
})
const collection = (features: Feature[]): FeatureCollection => ({ type: 'FeatureCollection', features })

export const EMPTY = collection([])

type Name = (it: { name_zh: string; name_en: string }) => string

export function homes(sites: readonly SitePoint[]): FeatureCollection {
  return collection(sites.filter((site) => site.kind === 'home').map((site) => point(site.lon, site.lat, { code: site.code })))
}

export function facilities(sites: readonly SitePoint[], name: Name): FeatureCollection {
  const others = sites.filter((site) => site.kind !== 'home')
  return collection(others.map((site) => point(site.lon, site.lat, { kind: site.kind, name: name(site), code: site.code })))
}

/** Those on duty; who is sent to the selected incident stands out and on top. */
export function responders(list: Iterable<ResponderPlace>, focus: string | null): FeatureCollection {
  const seen = [...list].filter((one) => one.on_duty || one.busy || one.code === focus)
  return collection(
    seen.map((one) => {
      const look = one.code === focus ? 'sent' : one.busy ? 'busy' : 'free'
      return point(one.lon, one.lat, { code: one.code, name: one.name, initial: initial(one.name), look, at_station: one.position_at === null, rank: look === 'sent' ? 2 : look === 'free' ? 1 : 0 })
    }),
  )
}

export function initial(name: string): string {
  return [...name][0] ?? '?'
}

export function bands(it: Isochrones | null): FeatureCollection {
  if (!it) return EMPTY
  return collection(it.bands.map((geometry, rank): Feature => ({ type: 'Feature', properties: { rank }, geometry: geometry as unknown as Geometry })))
}

export function route(lines: readonly (readonly Point[])[]): FeatureCollection {
  return collection(
    lines.filter((line) => line.length > 1).map((line): Feature => ({
      type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: [...line] },
    })),
  )
}

/** A label in the middle of each area: the centroid of its largest ring. */
export function labels(areas: FeatureCollection, name: Name): FeatureCollection {
  return collection(
    areas.features.flatMap((area) => {
      const ring = largestRing(area.geometry)
      if (!ring) return []
      const [lon, lat] = centroid(ring)
      const named = { name_zh: String(area.properties?.['name_zh'] ?? ''), name_en: String(area.properties?.['name_en'] ?? '') }
      return [point(lon, lat, { name: name(named) })]
    }),
  )
}

/** The bounds of these sites; none for no site. */
export function around(sites: readonly SitePoint[]): Bounds | null {
  return boundsOf(collection(sites.map((site) => point(site.lon, site.lat, {}))))
}

export function boundsOf(shapes: FeatureCollection): Bounds | null {
  const all = shapes.features.flatMap((feature) => positions(feature.geometry))
  if (!all.length) return null
  const lons = all.map(([lon]) => lon!)
  const lats = all.map(([, lat]) => lat!)
  return [[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]]
}

function largestRing(geometry: Geometry): Position[] | null {
  const rings = geometry.type === 'Polygon' ? [geometry.coordinates[0]] : geometry.type === 'MultiPolygon' ? geometry.coordinates.map((one) => one[0]) : []
  return rings.filter((ring): ring is Position[] => !!ring).sort((a, b) => Math.abs(area(b)) - Math.abs(area(a)))[0] ?? null
}

function area(ring: readonly Position[]): number {
  return ring.reduce((sum, [x = 0, y = 0], i) => {
    const [nx = 0, ny = 0] = ring[(i + 1) % ring.length]!
    return sum + (x * ny - nx * y) / 2
  }, 0)
}

/** Of a closed ring, counted from its first corner so that small shapes far from the origin lose no digits. */
function centroid(ring: readonly Position[]): Point {
  const [ox = 0, oy = 0] = ring[0]!
  let [a, cx, cy] = [0, 0, 0]
  for (let i = 0; i < ring.length; i += 1) {
    const [x0, y0] = [ring[i]![0]! - ox, ring[i]![1]! - oy]
    const next = ring[(i + 1) % ring.length]!
    const [x1, y1] = [next[0]! - ox, next[1]! - oy]
    const cross = x0 * y1 - x1 * y0
    a += cross
    cx += (x0 + x1) * cross
    cy += (y0 + y1) * cross
  }
  return a ? [ox + cx / (3 * a), oy + cy / (3 * a)] : [ox, oy]
}

function positions(geometry: Geometry): Position[] {
  if (geometry.type === 'GeometryCollection') return geometry.geometries.flatMap(positions)
  return flatten(geometry.coordinates)
}

function flatten(it: unknown): Position[] {
  if (!Array.isArray(it)) return []
  return typeof it[0] === 'number' ? [it as Position] : it.flatMap(flatten)
}

/** Several marks at one place, fanned out so that each can be seen and hit: pixel offsets in the order given. */
export function fanned(places: readonly { lon: number; lat: number }[], step = 26): number[] {
  const keys = places.map(({ lon, lat }) => `${lon.toFixed(5)},${lat.toFixed(5)}`)
  const total = new Map<string, number>()
  for (const key of keys) total.set(key, (total.get(key) ?? 0) + 1)
  const seen = new Map<string, number>()
  return keys.map((key) => {
    const i = seen.get(key) ?? 0
    seen.set(key, i + 1)
    return (i - ((total.get(key) ?? 1) - 1) / 2) * step
  })
}
