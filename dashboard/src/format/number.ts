/** Numbers with a thin space between thousands, so that figures stay tabular in both languages. Pure. */

export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? '—' : String(Math.round(n)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009')
}

export function fixed(n: number | null | undefined, digits: number): string {
  return n === null || n === undefined ? '—' : n.toFixed(digits)
}

/** A share from 0 to 1 as a percentage; never rounds up to a full 100 that is not one. */
export function percent(share: number | null | undefined, digits = 1): string {
  if (share === null || share === undefined) return '—'
  const step = 10 ** digits
  const value = share < 1 ? Math.min(Math.round(share * 100 * step), 100 * step - 1) / step : 100
  return value.toFixed(value === 100 ? 0 : digits)
}

/** A measured value: as many digits as it needs, three at most. */
export function measure(n: number): string {
  return String(Number(n.toPrecision(3)))
}

/** Minutes since midnight as a time of day. */
export function timeOfDay(minutes: number): string {
  const whole = Math.round(minutes)
  return [Math.floor(whole / 60) % 24, whole % 60].map((part) => String(part).padStart(2, '0')).join(':')
}
