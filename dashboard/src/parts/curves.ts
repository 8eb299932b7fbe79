/** Curves as SVG paths. Pure. Each metric has its own scale; what is on or off is drawn in steps. */

import type { Curve } from '../api/types'

export interface Drawn {
  readonly metric: string
  readonly unit: string
  readonly path: string
  readonly last: number
  readonly age: number | null
  readonly colour: string
}

export interface Frame { readonly from: number; readonly to: number; readonly width: number; readonly height: number }

const COLOURS: Record<string, string> = {
  heart_rate: '#ff9b93', temperature: '#ffb86b', smoke_obscuration: '#d5dee6', co: '#c4a7ff', gas: '#e6c65c',
  motion: '#5cc8e8', movement: '#5cc8e8', breathing_rate: '#7ddc9a', occupied: '#7f9cf5', presence: '#7f9cf5', height: '#7ddc9a',
}
const OTHERS = ['#5cc8e8', '#7ddc9a', '#c4a7ff', '#d5dee6']
/** What says little about why: shown only when there is nothing else. */
const LINK = new Set(['battery', 'signal', 'uptime', 'children_online', 'worn', 'steps'])

/** The frame of all points, at least `least` ms wide around the onset. */
export function frameOf(curves: readonly Curve[], onset: number, width: number, height: number, least = 120_000): Frame {
  const times = curves.flatMap((curve) => curve.points.map(([at]) => at))
  return { from: Math.min(onset - least / 2, ...times), to: Math.max(onset + least / 8, ...times), width, height }
}

export function telling(curves: readonly Curve[]): Curve[] {
  const filled = curves.filter((curve) => curve.points.length)
  const about = filled.filter((curve) => !LINK.has(curve.metric))
  return (about.length ? about : filled).slice(0, 3)
}

export function drawn(curves: readonly Curve[], frame: Frame): Drawn[] {
  return curves.map((curve, i) => ({
    metric: curve.metric, unit: curve.unit, age: curve.age_s, last: curve.points[curve.points.length - 1]![1],
    colour: COLOURS[curve.metric] ?? OTHERS[i % OTHERS.length]!, path: path(curve, frame),
  }))
}

function path(curve: Curve, frame: Frame): string {
  const values = curve.points.map(([, value]) => value)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const pad = 5
  const y = (value: number) =>
    high === low ? frame.height / 2 : frame.height - pad - ((value - low) / (high - low)) * (frame.height - 2 * pad)
  const stepped = curve.unit === 'bool'
  return curve.points
    .map(([at, value], i) => {
      const [px, py] = [x(at, frame).toFixed(1), y(value).toFixed(1)]
      return i === 0 ? `M${px} ${py}` : stepped ? `H${px}V${py}` : `L${px} ${py}`
    })
    .join('')
}

export function x(at: number, frame: Frame): number {
  return ((at - frame.from) / (frame.to - frame.from || 1)) * frame.width
}
