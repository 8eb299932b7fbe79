/** The probe's last hour as a sparkline and as figures. Pure. */

import type { ProbeTry } from '../api/types'

export interface Bar { x: number; y: number; h: number; failed: boolean; at: number; ms: number | null; stage: string }

export const WIDTH = 600
export const HEIGHT = 56
const GAP = 2

/** One bar a press, the newest at the right edge; what did not come out reaches to the top. Tall is slow, on a scale from 0. */
export function bars(tries: readonly ProbeTry[], slots = 60): Bar[] {
  const shown = tries.slice(-slots)
  const worst = Math.max(100, ...shown.map((one) => one.ms ?? 0))
  const step = WIDTH / slots
  return shown.map((one, index) => {
    const h = one.ms === null ? HEIGHT : Math.max(2, (one.ms / worst) * (HEIGHT - 4))
    return { x: WIDTH - (shown.length - index) * step + GAP / 2, y: HEIGHT - h, h, failed: one.ms === null, at: Date.parse(one.at), ms: one.ms, stage: one.stage }
  })
}

export interface Summary { n: number; p50: number | null; max: number | null; failed: number }

export function summary(tries: readonly ProbeTry[]): Summary {
  const times = tries.flatMap((one) => (one.ms === null ? [] : [one.ms])).sort((a, b) => a - b)
  return {
    n: tries.length, failed: tries.length - times.length,
    p50: times[Math.max(0, Math.ceil(times.length / 2) - 1)] ?? null, max: times.at(-1) ?? null,
  }
}
