/**
 * Curves as SVG paths. Pure. Each metric has its own scale; what is on or off is drawn in steps. A line joins only readings that
 * follow each other closely: between those that lie further apart nobody knows what was, and a reading on its own is a dot. Where a
 * fixed criterion has a limit, the scale begins at zero and holds it, so that one sees how near it is.
 */

import type { Curve } from '../api/types'

export interface Drawn {
  readonly metric: string
  readonly unit: string
  readonly path: string
  /** Readings that stand alone. */
  readonly dots: string
  readonly last: number
  readonly age: number | null
  readonly colour: string
  /** Of the fixed criterion: its value, whose it is, and how high it is drawn. */
  readonly limit: { readonly value: number; readonly source: string; readonly y: number } | null
  readonly doubtful: Curve['doubtful']
}

export interface Frame { readonly from: number; readonly to: number; readonly width: number; readonly height: number }

const COLOURS: Record<string, string> = {
  heart_rate: '#ff9b93', temperature: '#ffb86b', smoke_obscuration: '#d5dee6', co: '#c4a7ff', gas: '#e6c65c',
  residual_current: '#5cc8e8', cable_temperature: '#ffb86b', co2: '#9fb4ff', humidity: '#7ddc9a', motion: '#5cc8e8', movement: '#5cc8e8', breathing_rate: '#7ddc9a', occupied: '#7f9cf5', presence: '#7f9cf5', height: '#7ddc9a',
}
const OTHERS = ['#5cc8e8', '#7ddc9a', '#c4a7ff', '#d5dee6']
/** What says little about why: shown only when there is nothing else. */
const LINK = new Set(['battery', 'signal', 'uptime', 'children_online', 'worn', 'steps'])

/** The frame of all points, at least `least` ms wide around the onset. */
export function frameOf(curves: readonly Curve[], onset: number, width: number, height: number, least = 120_000): Frame {
  const times = curves.flatMap((curve) => curve.points.map(([at]) => at))
  return { from: Math.min(onset - least / 2, ...times), to: Math.max(onset + least / 8, ...times), width, height }
}

/** Those that say something, so many at most: what alarmed before what did not, then what has a limit before what has none. */
export function telling(curves: readonly Curve[], most = 3, alarmed: ReadonlySet<string> = new Set()): Curve[] {
  const filled = curves.filter((curve) => curve.points.length)
  const about = filled.filter((curve) => !LINK.has(curve.metric))
  const rank = (curve: Curve) => (alarmed.has(curve.device) ? 0 : 2) + (curve.limit === null ? 1 : 0)
  return [...(about.length ? about : filled)].sort((a, b) => rank(a) - rank(b)).slice(0, most)
}

export function drawn(curves: readonly Curve[], frame: Frame): Drawn[] {
  return curves.map((curve, i) => ({
    metric: curve.metric, unit: curve.unit, age: curve.age_s, last: curve.points[curve.points.length - 1]![1],
    colour: COLOURS[curve.metric] ?? OTHERS[i % OTHERS.length]!, doubtful: curve.doubtful, ...strokes(curve, frame),
    limit: curve.limit === null ? null : { value: curve.limit, source: curve.limit_source, y: scale(curve, frame)(curve.limit) },
  }))
}

/** Readings further apart than this (ms) are not joined. */
export const JOINED_WITHIN = 30_000

function strokes(curve: Curve, frame: Frame): { path: string; dots: string } {
  const y = scale(curve, frame)
  if (curve.unit === 'bool') return { path: steps(curve, frame, y), dots: '' }
  const parts = runs(curve.points)
  const place = ([at, value]: [number, number]) => `${x(at, frame).toFixed(1)} ${y(value).toFixed(1)}`
  return {
    path: parts.filter((run) => run.length > 1).map((run) => `M${run.map(place).join('L')}`).join(''),
    dots: parts.filter((run) => run.length === 1).map(([only]) => `M${place(only!)}h0.01`).join(''),
  }
}

/** The readings cut wherever too long lies between two. */
export function runs(points: readonly [number, number][]): [number, number][][] {
  const found: [number, number][][] = []
  for (const point of points) {
    const last = found[found.length - 1]
    const before = last?.[last.length - 1]
    if (last && before && point[0] - before[0] <= JOINED_WITHIN) last.push(point)
    else found.push([point])
  }
  return found
}

function scale(curve: Curve, frame: Frame): (value: number) => number {
  const values = curve.points.map(([, value]) => value)
  if (curve.limit !== null) values.push(0, curve.limit)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const pad = 5
  return (value) => (high === low ? frame.height / 2 : frame.height - pad - ((value - low) / (high - low)) * (frame.height - 2 * pad))
}

function steps(curve: Curve, frame: Frame, y: (value: number) => number): string {
  return curve.points.map(([at, value], i) => {
    const [px, py] = [x(at, frame).toFixed(1), y(value).toFixed(1)]
    return i === 0 ? `M${px} ${py}` : `H${px}V${py}`
  }).join('')
}

export function x(at: number, frame: Frame): number {
  return ((at - frame.from) / (frame.to - frame.from || 1)) * frame.width
}
