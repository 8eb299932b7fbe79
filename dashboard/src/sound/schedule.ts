/**
 * What is to be heard, and when. Pure: the moment is an argument (ms), the waves are made elsewhere.
 *
 * One burst at a time, of the most urgent thing that nobody has acknowledged; it speaks for everything below it. It repeats every
 * 10, 25, 30 s by priority. A new ring, and a responder who declines or does not answer, are heard at once, also after an
 * acknowledgement. Muting never hides an emergency:
 * a new one ends the mute, and so does one that has rung unheard for MUTE_LASTS. A clock that is set right never silences: what was noted
 * in its future is long ago.
 */

import type { IncidentCard, Role } from '../api/types'
import type { Item } from '../queue/items'
import { ordered } from '../queue/order'
import { calls } from '../queue/sent'

export type Voice = 'fire' | 'gas' | 'high' | 'medium' | 'low' | 'lost'

export const REPEAT_MS: Record<Voice, number> = { fire: 8_000, gas: 8_000, high: 10_000, medium: 25_000, low: 30_000, lost: 6_000 }
export const MUTE_LASTS = 120_000

interface Rung { readonly rings: number; readonly at: number }

export interface Hearing {
  readonly rung: ReadonlyMap<string, Rung>
  readonly mutedAt: number | null
  readonly lost: { readonly since: number; readonly at: number } | null
}

export interface Heard { readonly hearing: Hearing; readonly play: Voice | null; readonly unmuted: boolean }

export const SILENT: Hearing = { rung: new Map(), mutedAt: null, lost: null }

export function voice(card: Pick<IncidentCard, 'hazard' | 'priority'>): Voice {
  if (card.priority === 1 && card.hazard === 'fire') return 'fire'
  if (card.priority === 1 && card.hazard === 'gas_co') return 'gas'
  return card.priority <= 2 ? (card.priority === 1 ? 'high' : 'medium') : card.priority === 3 ? 'medium' : 'low'
}

const ago = (then: number, now: number): number => Math.abs(now - then)

/** Who is rung: desks at once (whether another desk stands below them is not known here), administrators at the last level only. */
export function rings(role: Role, card: Pick<IncidentCard, 'level'>): boolean {
  return role === 'duty' || (role === 'admin' && card.level >= 2)
}

export function toggleMute(hearing: Hearing, now: number): Hearing {
  return { ...hearing, mutedAt: hearing.mutedAt === null ? now : null }
}

/** One step of the clock: what to play now, if anything. `lost`: no press can reach us, which outranks everything but a ring. */
export function step(hearing: Hearing, list: readonly Item[], now: number, lost: boolean): Heard {
  const rung = kept(hearing.rung, list)
  const due = ordered(list, now).filter((item) => isDue(item.card, rung.get(item.id), now))
  const unmuted = hearing.mutedAt !== null && due.some((item) => item.card.priority === 1 && endsMute(hearing, item.card, rung.get(item.id), now))
  const mutedAt = unmuted ? null : hearing.mutedAt
  const first = mutedAt === null ? due[0] : undefined
  if (!first) return silence({ rung, mutedAt, lost: hearing.lost }, now, lost, unmuted)
  return { hearing: { rung: marked(rung, list, first, now), mutedAt, lost: hearing.lost }, play: voice(first.card), unmuted }
}

/** Nothing rings: then the loss itself is heard, also through a mute that is older than the loss. */
function silence(hearing: Hearing, now: number, lost: boolean, unmuted: boolean): Heard {
  if (!lost) return { hearing: { ...hearing, lost: null }, play: null, unmuted }
  const held = hearing.lost
  if (held && ago(held.at, now) < REPEAT_MS.lost) return { hearing, play: null, unmuted }
  const since = held?.since ?? now
  const muted = hearing.mutedAt !== null && hearing.mutedAt > since
  return { hearing: { ...hearing, lost: { since, at: now } }, play: muted ? null : 'lost', unmuted }
}

function isDue(card: IncidentCard, rung: Rung | undefined, now: number): boolean {
  if (card.state === 'open') return !rung || calls(card) > rung.rings || ago(rung.at, now) >= REPEAT_MS[voice(card)]
  return rung !== undefined && calls(card) > rung.rings
}

/** A mute ends by an emergency that began or rang after it, or when it has lasted while one is unanswered. */
function endsMute(hearing: Hearing, card: IncidentCard, rung: Rung | undefined, now: number): boolean {
  return !rung || calls(card) > rung.rings || ago(hearing.mutedAt!, now) >= MUTE_LASTS
}

/** Forget what has left the board; remember the rings of what was acknowledged before we came. */
function kept(rung: ReadonlyMap<string, Rung>, list: readonly Item[]): Map<string, Rung> {
  const known = list.flatMap(({ id, card }): [string, Rung][] => {
    const held = rung.get(id)
    if (held) return [[id, held]]
    return card.state === 'open' ? [] : [[id, { rings: calls(card), at: 0 }]]
  })
  return new Map(known)
}

/** The burst speaks for its own item and for all that are no more urgent than it. */
function marked(rung: ReadonlyMap<string, Rung>, list: readonly Item[], first: Item, now: number): Map<string, Rung> {
  const spoken = list.filter((item) => item.id === first.id || (voice(item.card) === voice(first.card) || item.card.priority > first.card.priority))
  const next = new Map(rung)
  for (const item of spoken) if (item.card.state === 'open' || rung.has(item.id)) next.set(item.id, { rings: calls(item.card), at: now })
  return next
}
