/** Times and spans as the duty officer reads them. Pure: the zone and the moment are arguments. */

/** A span as mm:ss, from one hour on as h:mm:ss; negative spans are 00:00. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  return h ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`
}

export type SpanWord = { key: 'ms' | 's' | 'min' | 'h' | 'd'; n: number }

/** The same span in one word, as coarse as it deserves. */
export function spanWord(seconds: number): SpanWord {
  const s = Math.abs(seconds)
  if (s < 1) return { key: 'ms', n: Math.round(s * 1000) }
  if (s < 60) return { key: 's', n: s < 20 ? Math.round(s * 10) / 10 : Math.round(s) }
  if (s < 5400) return { key: 'min', n: Math.round(s / 60) }
  if (s < 172_800) return { key: 'h', n: Math.round(s / 360) / 10 }
  return { key: 'd', n: Math.round(s / 86_400) }
}

const two = (n: number) => String(n).padStart(2, '0')

const formats = new Map<string, Intl.DateTimeFormat>()

function parts(at: number, zone: string): Record<string, string> {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
      hour: '2-digit', minute: '2-digit', second: '2-digit',
    })
    formats.set(zone, format)
  }
  return Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
}

/** hh:mm:ss in the cell's zone. */
export function clock(at: number, zone: string): string {
  const { hour, minute, second } = parts(at, zone)
  return `${hour}:${minute}:${second}`
}

/** hh:mm:ss.mmm where milliseconds matter. */
export function clockMs(at: number, zone: string): string {
  const ms = ((at % 1000) + 1000) % 1000
  return `${clock(at, zone)}.${String(Math.floor(ms)).padStart(3, '0')}`
}

/** yyyy-mm-dd in the cell's zone. */
export function day(at: number, zone: string): string {
  const { year, month, day: d } = parts(at, zone)
  return `${year}-${month}-${d}`
}
