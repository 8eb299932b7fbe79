/** What has ended: which of it, and which other causes it may have had. Pure. */

import type { IncidentCard, Me, TrailLine } from '../api/types'

/** So far back one corrects at the desk, in days. */
export const DAYS = 7

const ENDED = new Set<IncidentCard['state']>(['closed', 'cancelled'])

export const hasEnded = (card: Pick<IncidentCard, 'state'>): boolean => ENDED.has(card.state)

/** The ended ones, the last to end first. */
export function ended(cards: readonly IncidentCard[]): IncidentCard[] {
  return cards.filter(hasEnded).sort((a, b) => Date.parse(b.state_at) - Date.parse(a.state_at))
}

/** Every cause in the district's order; the one that it has is marked, and offered only where somebody must confirm it. */
export function causesFor(card: Pick<IncidentCard, 'cause'>, causes: readonly string[], toConfirm = false): { cause: string; now: boolean; offered: boolean }[] {
  return causes.map((cause) => ({ cause, now: cause === card.cause, offered: cause !== card.cause || toConfirm }))
}

/** Whether a house has the last word about its own cause, and who asks is of no house: until he confirms it, it does not count. */
export function toConfirm(trail: readonly Pick<TrailLine, 'kind' | 'data'>[], me: Pick<Me, 'scope'>): boolean {
  const said = trail.filter((line) => line.kind === 'cause_corrected' || line.kind === 'cause_confirmed').at(-1)
  return said?.data['by_house'] === true && !me.scope.startsWith('site:')
}
