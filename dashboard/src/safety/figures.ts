/** Points as people read them, and the line of a trend. Pure. */

import { fixed } from '../format/number'
import type { Day, Part, Row } from './types'

/** One decimal; a real loss is never shown as nothing. */
export function pts(n: number): string {
  return n > 0 && n < 0.05 ? '<0.1' : fixed(n, 1)
}

/** A change with its sign. */
export const signed = (n: number): string => `${n >= 0.05 ? '+' : n <= -0.05 ? '−' : '±'}${pts(Math.abs(n))}`

export const possible = (row: Pick<Row, 'lost'>): number => 100 - row.lost

/** The criteria that cost most, at most so many. */
export function worst(parts: readonly Part[], most: number): Part[] {
  return parts.filter((it) => it.lost >= 0.05).sort((a, b) => b.lost - a.lost).slice(0, most)
}

export interface Point { readonly x: number; readonly y: number; readonly breaks: boolean; readonly demo: boolean }

/** Points of a line in a box of w × h, days without a score left out; `breaks` where the line is interrupted, `demo` where it is invented. */
export function line(days: readonly Day[], w: number, h: number, pad = 2): Point[] {
  const scored = days.filter((it) => it.score !== null)
  if (!scored.length) return []
  const at = (it: Day) => Date.parse(it.day) / 86_400_000
  const [from, to] = [at(days[0]!), at(days[days.length - 1]!)]
  const low = Math.min(...scored.map((it) => it.score!))
  const bottom = Math.min(low, 90) - 1
  let before = Number.NEGATIVE_INFINITY
  return scored.map((it) => {
    const x = to === from ? w / 2 : pad + ((at(it) - from) / (to - from)) * (w - 2 * pad)
    const y = h - pad - ((it.score! - bottom) / (100 - bottom)) * (h - 2 * pad)
    const breaks = at(it) - before > 1.5
    before = at(it)
    return { x, y, breaks, demo: it.demo }
  })
}

/** The strokes of either kind: a stroke to or from an invented day is invented. */
export function path(points: readonly Point[], demo: boolean): string {
  const at = (it: Point) => `${it.x.toFixed(1)} ${it.y.toFixed(1)}`
  return points.map((it, i) => (i && !it.breaks && (it.demo || points[i - 1]!.demo) === demo ? `M${at(points[i - 1]!)}L${at(it)}` : '')).join('')
}

/** Whether any of these days is invented. */
export const invented = (days: readonly Day[]): boolean => days.some((it) => it.demo)

/** How the score has changed over the days that are kept; null without two scores. The moment itself is left out: after a start much is not known yet. */
export function change(days: readonly Day[]): number | null {
  const scored = days.filter((it) => it.score !== null)
  return scored.length > 1 ? scored[scored.length - 1]!.score! - scored[0]!.score! : null
}
