/** What has ended: which of it, and which other causes it may have had. Pure. */

import type { IncidentCard } from '../api/types'

/** So far back one corrects at the desk, in days. */
export const DAYS = 7

const ENDED = new Set<IncidentCard['state']>(['closed', 'cancelled'])

export const hasEnded = (card: Pick<IncidentCard, 'state'>): boolean => ENDED.has(card.state)

/** The ended ones, the last to end first. */
export function ended(cards: readonly IncidentCard[]): IncidentCard[] {
  return cards.filter(hasEnded).sort((a, b) => Date.parse(b.state_at) - Date.parse(a.state_at))
}

/** Every cause in the district's order; the one that it has is marked and not offered. */
export function causesFor(card: Pick<IncidentCard, 'cause'>, causes: readonly string[]): { cause: string; now: boolean }[] {
  return causes.map((cause) => ({ cause, now: cause === card.cause }))
}
