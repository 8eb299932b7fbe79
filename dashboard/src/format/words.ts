/** Turns keys and numbers from the server into the reader's sentences. One composable, so that every page says the same. */

import { useI18n } from 'vue-i18n'
import type { ChoiceReason, IncidentCard, ReasonShape, TrailLine } from '../api/types'
import type { Refused } from '../api/client'
import type { Names } from './names'
import { measure, percent, timeOfDay } from './number'
import { span, spanWord } from './time'

/** A confirmed fire is named first, what only asks for a look last; between them the alarm that stands for the incident leads. */
export const weight = (kind: string): number => (kind === 'fire_confirmed' ? 0 : /_(look|check)$/.test(kind) ? 2 : 1)

/** Likelihoods, which read as percentages. */
const SHARES = new Set(['fire_score', 'confidence'])

type Named = { name_zh: string; name_en: string }

export function useWords() {
  const { t, te, locale } = useI18n()

  const said = (key: string, fallback = key) => (te(key) || te(key, 'zh') ? t(key) : fallback)
  const name = (it: Named | null | undefined) => (it ? (locale.value === 'en' ? it.name_en || it.name_zh : it.name_zh) : '')

  function long(seconds: number): string {
    const { key, n } = spanWord(seconds)
    return n === 0 && key === 'ms' ? t('span.under_ms') : t(`span.${key}`, { n })
  }

  /** Exact where it matters: 90 s, 4 min 10 s, 12 min. */
  function exact(seconds: number): string {
    if (seconds < 60 || seconds >= 3600) return long(seconds)
    const whole = Math.round(seconds)
    if (whole < 100) return t('span.s', { n: whole })
    const [m, s] = [Math.floor(whole / 60), whole % 60]
    return s ? t('span.min_s', { m, s }) : t('span.min', { n: m })
  }

  function short(seconds: number): string {
    if (seconds < 3600) return span(seconds)
    if (seconds < 172_800) return t('span.short.h', { n: Math.floor(seconds / 3600) })
    return t('span.short.d', { n: Math.floor(seconds / 86_400) })
  }

  function quantity(value: number | null, unit: string): string {
    if (value === null) return '—'
    if (unit === 'share') return `${percent(value)} %`
    if (unit === 's') return exact(value)
    if (unit === 'clock') return timeOfDay(value)
    if (unit === 'bool') return t(value ? 'unit.yes' : 'unit.no')
    const word = te(`unit.${unit}`) ? t(`unit.${unit}`).trim() : unit
    return word ? `${measure(value)} ${word}` : measure(value)
  }

  function reason(it: ReasonShape | ChoiceReason): string {
    if (SHARES.has(it.rule)) it = { ...it, unit: 'share' }
    const skill = said(`skill.${it.unit}`, it.unit)
    const limit = 'limit' in it ? quantity(it.limit, it.unit) : ''
    const source = 'source' in it ? it.source : ''
    return t(`reason.${it.rule}`, { value: quantity(it.value, it.unit), limit, unit: it.unit, source, skill })
  }

  /** Why something could not be read: of what was never submitted nothing is said about submitting. */
  const unread = (it: Pick<Refused, 'key' | 'message'>) => said(`unread.${it.key}`, said(`error.${it.key}`, it.message))

  function who(actor: string, names: Names): string {
    if (actor === 'system') return t('who.system')
    return names.get(actor) ?? (actor.startsWith('device:') ? actor.slice(7) : actor) ?? t('who.nobody')
  }

  function trail(line: TrailLine, actors: Names, named: Names): string {
    const text = (key: string) => (typeof line.data[key] === 'string' ? String(line.data[key]) : '')
    const kind = text('kind')
    const special = [kind, String(line.data['level'] ?? '')].find((one) => one && te(`trail.${line.kind}.${one}`))
    const key = special ? `trail.${line.kind}.${special}` : `trail.${line.kind}`
    const responder = text('responder_name') || named.get(text('responder')) || text('responder') || who(line.actor, actors)
    return t(key, {
      who: who(line.actor, actors), name: responder, note: text('note'), colon_note: text('note') ? ` · ${text('note')}` : '', level: String(line.data['level'] ?? ''),
      step: text('step') ? said(`step.${text('step')}`, text('step')) : '', device: text('device'),
      cause: text('cause') ? said(`cause.${text('cause')}`, text('cause')) : '—', kind: kind ? said(`kind.${kind}`, kind) : '',
      before: text('before') ? said(`cause.${text('before')}`, text('before')) : '—',
      senior: named.get(text('senior')) ?? text('senior'),
    })
  }

  function what(card: Pick<IncidentCard, 'kind' | 'kinds'>): string {
    const kinds = [card.kind, ...card.kinds.filter((kind) => kind !== card.kind)]
    if (kinds.length === 1) return said(`kind.${card.kind}`, card.kind)
    return kinds.sort((a, b) => weight(a) - weight(b)).slice(0, 3).map((kind) => said(`brief.${kind}`, kind)).join(' + ')
  }

  function person(card: Pick<IncidentCard, 'senior'>): string {
    const senior = card.senior
    return senior ? `${senior.name} ${t('person.age', { n: senior.age })}` : ''
  }

  return { t, te, locale, said, unread, name, long, exact, short, quantity, reason, who, trail, what, person }
}

export type Words = ReturnType<typeof useWords>
