/** Evidence and criteria as sentences. */

import { measure, percent } from '../format/number'
import { useWords } from '../format/words'
import type { Criterion, Evidence } from './types'

export function useEvidenceWords() {
  const words = useWords()
  const { t, te, said, exact, name } = words

  function amount(n: number | null, unit: string): string {
    if (n === null) return '—'
    if (unit === 's') return exact(n)
    if (unit === 'd') return t('span.d', { n: Math.round(n) })
    return unit ? `${measure(n)} ${unit}` : measure(n)
  }

  const why = (it: Evidence): string => {
    const key = `safety.why.${it.why}`
    return te(key) || te(key, 'zh') ? t(key, { value: amount(it.value, it.unit), limit: amount(it.limit, it.unit) }) : it.why
  }

  /** What the evidence is about: a device by its kind, an alarm by what it was, a check by its kind, a place by its name. */
  function about(it: Evidence): string {
    const place = name({ name_zh: it.zone_zh, name_en: it.zone_en })
    if (it.kind === 'zone') return place || it.ref
    if (it.kind === 'device') return [said(`profile.${it.what}`, it.what), place].filter(Boolean).join(' · ')
    if (it.kind === 'incident') return said(`kind.${it.what}`, it.what)
    return it.what ? said(`safety.kind.${it.what}`, it.what) : t('safety.sheet.site')
  }

  /** How points fall. */
  function line(it: Criterion): string {
    const special = `safety.line.${it.key}`
    if (te(special)) return t(special, { n: percent(it.nothing_left, 0) })
    return t(it.tolerance ? 'safety.line.tolerance' : 'safety.line', { n: percent(it.nothing_left, 0), m: percent(it.tolerance) })
  }

  return { ...words, why, about, line }
}
