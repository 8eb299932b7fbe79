/** Who is on an errand, who did not go, and whom to suggest next. Pure. */

import type { Choice, DispatchBrief, IncidentCard } from '../api/types'

const ENDED = new Set(['declined', 'timed_out', 'recalled', 'done'])
const FAILED = new Set(['declined', 'timed_out'])

type Sent = Pick<IncidentCard, 'dispatches'>

export function onErrand(card: Sent): DispatchBrief[] {
  return card.dispatches.filter((one) => !ENDED.has(one.state))
}

/** The last who declined or did not answer, while nobody else has been sent in their place. */
export function failed(card: Sent & Pick<IncidentCard, 'state'>): DispatchBrief | null {
  if (card.state !== 'acknowledged' && card.state !== 'open') return null
  const last = [...card.dispatches].sort((a, b) => Date.parse(a.offered_at) - Date.parse(b.offered_at)).pop()
  return last && FAILED.has(last.state) ? last : null
}

/** How often it called for somebody: its rings, and every errand that came back unrun. It only grows. */
export function calls(card: Sent & Pick<IncidentCard, 'rings'>): number {
  return card.rings + card.dispatches.filter((one) => FAILED.has(one.state)).length
}

/** What each candidate last did with this incident's offer, where that was not to go. */
export function refusals(card: Sent): ReadonlyMap<string, 'declined' | 'timed_out'> {
  return new Map(card.dispatches.filter((one) => FAILED.has(one.state)).map((one) => [one.responder, one.state as 'declined' | 'timed_out']))
}

/** The place in the list of whom to send: the server's choice, unless that one has just declined or not answered. */
export function suggested(able: readonly Pick<Choice, 'responder' | 'chosen'>[], card: Sent): number {
  const refused = refusals(card)
  const chosen = able.findIndex((one) => one.chosen && !refused.has(one.responder))
  if (chosen >= 0) return chosen
  const next = able.findIndex((one) => !refused.has(one.responder))
  return Math.max(0, next >= 0 ? next : able.findIndex((one) => one.chosen))
}
