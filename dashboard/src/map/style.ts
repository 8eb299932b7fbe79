/** The map as a table of layers over our own vector data: no tiles, no glyph server, no sprite. Pure. */

import type { FilterSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from 'maplibre-gl'
import { C } from './colours'

/** Sources that MapPanel fills, besides the ground layers that the api names. */
export const OURS = ['homes', 'sites', 'labels', 'responders', 'bands', 'route'] as const
export const GROUND = ['outline', 'parks', 'water', 'streets', 'rail', 'subdistricts'] as const

/** What can be switched on and off, and which style layers that means. */
export const TOGGLES: Record<string, readonly string[]> = {
  streets: ['streets-minor', 'streets-major'], water: ['water'], rail: ['rail'], parks: ['parks'],
  subdistricts: ['subdistricts', 'labels'], homes: ['homes'], sites: ['institutions', 'day-care', 'canteens', 'site-labels'],
  responders: ['responders'],
}

const EMPTY: SourceSpecification = { type: 'geojson', data: { type: 'FeatureCollection', features: [] } }
const MAJOR: FilterSpecification = ['in', ['get', 'class'], ['literal', ['trunk', 'primary', 'secondary']]]
const widths = (at11: number, at16: number) => ['interpolate', ['exponential', 1.5], ['zoom'], 11, at11, 16, at16] as unknown as number
const kind = (name: string): FilterSpecification => ['==', ['get', 'kind'], name]

export function style(): StyleSpecification {
  const sources = Object.fromEntries([...GROUND, ...OURS].map((name) => [name, { ...EMPTY }]))
  return { version: 8, sources, layers: [...ground(), ...people(), ...errand()] }
}

function ground(): LayerSpecification[] {
  return [
    { id: 'ground', type: 'background', paint: { 'background-color': C.ground } },
    { id: 'district', type: 'fill', source: 'outline', paint: { 'fill-color': C.district } },
    { id: 'parks', type: 'fill', source: 'parks', paint: { 'fill-color': C.park } },
    {
      id: 'streets-minor', type: 'line', source: 'streets', filter: ['!', MAJOR] as FilterSpecification,
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': ['match', ['get', 'class'], 'path', C.path, C.residential], 'line-width': widths(0.5, 4) },
    },
    {
      id: 'streets-major', type: 'line', source: 'streets', filter: MAJOR,
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': ['match', ['get', 'class'], 'trunk', C.trunk, 'primary', C.primary, C.secondary],
        'line-width': ['interpolate', ['exponential', 1.5], ['zoom'],
          11, ['match', ['get', 'class'], 'trunk', 1.8, 'primary', 1.4, 0.9],
          16, ['match', ['get', 'class'], 'trunk', 13, 'primary', 10, 7]],
      },
    },
    { id: 'water', type: 'fill', source: 'water', paint: { 'fill-color': C.water } },
    {
      id: 'rail', type: 'line', source: 'rail',
      paint: { 'line-color': C.rail, 'line-width': widths(1.2, 4), 'line-dasharray': [5, 2.5] },
    },
    { id: 'subdistricts', type: 'line', source: 'subdistricts', paint: { 'line-color': C.subdistrict, 'line-width': 1, 'line-dasharray': [3, 3] } },
    { id: 'outline', type: 'line', source: 'outline', paint: { 'line-color': C.edge, 'line-width': 1.4 } },
  ]
}

function people(): LayerSpecification[] {
  return [
    {
      id: 'bands', type: 'fill', source: 'bands',
      paint: { 'fill-color': C.calm, 'fill-opacity': ['match', ['get', 'rank'], 0, 0.06, 1, 0.1, 0.16], 'fill-antialias': false },
    },
    {
      id: 'band-edges', type: 'line', source: 'bands', filter: ['==', ['get', 'rank'], 0],
      paint: { 'line-color': C.calm, 'line-opacity': 0.65, 'line-width': 1.2, 'line-dasharray': [3, 3] },
    },
    {
      id: 'homes', type: 'circle', source: 'homes',
      paint: { 'circle-color': C.home, 'circle-opacity': 0.7, 'circle-radius': ['interpolate', ['linear'], ['zoom'], 11, 1, 12.5, 1.75, 16, 4.5] },
    },
    {
      id: 'canteens', type: 'circle', source: 'sites', filter: kind('canteen'),
      paint: { 'circle-color': C.ground, 'circle-stroke-color': C.canteen, 'circle-stroke-width': 1.5, 'circle-radius': widths(2, 5) },
    },
    {
      id: 'day-care', type: 'circle', source: 'sites', filter: kind('day_care'),
      paint: { 'circle-color': C.dayCare, 'circle-radius': ['interpolate', ['linear'], ['zoom'], 11, 2.4, 13, 3.6, 16, 7] },
    },
    {
      id: 'institutions', type: 'symbol', source: 'sites', filter: kind('institution'),
      layout: { 'icon-image': 'square', 'icon-allow-overlap': true, 'icon-size': ['interpolate', ['linear'], ['zoom'], 11, 0.7, 13, 1, 16, 1.8] },
    },
    {
      id: 'labels', type: 'symbol', source: 'labels', maxzoom: 15,
      layout: { 'icon-image': ['concat', 'area:', ['get', 'name']], 'icon-allow-overlap': true, 'icon-ignore-placement': true },
    },
    {
      id: 'site-labels', type: 'symbol', source: 'sites', minzoom: 13.6, filter: ['!=', ['get', 'kind'], 'canteen'],
      layout: { 'icon-image': ['concat', 'site:', ['get', 'name']], 'icon-offset': [0, 16], 'icon-allow-overlap': false },
    },
  ]
}

function errand(): LayerSpecification[] {
  return [
    {
      id: 'route-casing', type: 'line', source: 'route', layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': '#06231f', 'line-width': 8, 'line-opacity': 0.8 },
    },
    {
      id: 'route', type: 'line', source: 'route', layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': C.calm, 'line-width': 4 },
    },
    {
      id: 'responders', type: 'symbol', source: 'responders',
      layout: {
        'icon-image': ['concat', 'who:', ['get', 'look'], ':', ['get', 'initial']],
        'icon-allow-overlap': true, 'symbol-sort-key': ['get', 'rank'],
        // counted from the station: beside its square, so that both are seen
        'icon-offset': ['case', ['get', 'at_station'], ['literal', [13, -13]], ['literal', [0, 0]]],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 11, 0.6, 12.6, 0.8, 15, 1.1],
      },
    },
  ]
}
