/** What a responder's errand asks of him next. Pure. */

import type { DispatchAction, DispatchBrief, DispatchDetail, IncidentDetail } from '../api/types'

export interface Errand { readonly detail: IncidentDetail; readonly own: DispatchDetail }

const ACTIVE = ['offered', 'accepted', 'en_route', 'arrived', 'entered']

/** One's own running errands, the furthest along first; among offers the one that runs out first. */
export function errands(list: readonly IncidentDetail[], responder: string): Errand[] {
  return list
    .flatMap((detail) => detail.dispatch_list.filter((one) => one.responder === responder && ACTIVE.includes(one.state)).map((own) => ({ detail, own })))
    .sort((a, b) => ACTIVE.indexOf(b.own.state) - ACTIVE.indexOf(a.own.state) || Date.parse(a.own.deadline_at) - Date.parse(b.own.deadline_at))
}

/** What was read last, with what the server has answered since about one errand. */
export function stepped(list: readonly IncidentDetail[], brief: DispatchBrief): IncidentDetail[] {
  return list.map((detail) => ({ ...detail, dispatch_list: detail.dispatch_list.map((own) => (own.id === brief.id ? { ...own, ...brief } : own)) }))
}

/** Whether this step of this errand is still to be taken. */
export function awaits(list: readonly IncidentDetail[], id: string, action: DispatchAction): boolean {
  return list.some((detail) => detail.dispatch_list.some((own) => own.id === id && own.allowed.includes(action)))
}

/** An errand of one's own that ran and is gone though one has not ended it: the desk has recalled it, or written down its end. */
export function withdrawn(before: readonly IncidentDetail[], found: readonly IncidentDetail[], responder: string): Errand | null {
  const left = new Set(errands(found, responder).map(({ own }) => own.id))
  return errands(before, responder).find(({ own }) => own.state !== 'offered' && !left.has(own.id)) ?? null
}

/** Whether an offer of one's own waits for an answer: no colleague's, and none that ran out while nothing was heard. */
export function calls(list: readonly IncidentDetail[], responder: string, now: number): boolean {
  return errands(list, responder).some(({ own }) => own.state === 'offered' && own.allowed.includes('accept') && now < Date.parse(own.deadline_at))
}

const ORDER: readonly DispatchAction[] = ['accept', 'depart', 'arrive', 'enter', 'finish']

/** The one big button: the first thing that is possible in the order of an errand. */
export function next(own: Pick<DispatchDetail, 'allowed'>): DispatchAction | null {
  return ORDER.find((action) => own.allowed.includes(action)) ?? null
}

export type Step = 'offer' | 'route' | 'person' | 'outcome'

export function stepOf(own: Pick<DispatchDetail, 'state'>): Step {
  if (own.state === 'offered') return 'offer'
  if (own.state === 'accepted' || own.state === 'en_route') return 'route'
  return own.state === 'arrived' ? 'person' : 'outcome'
}

/** Share of the time to answer that is left, from 1 to 0. */
export function left(own: Pick<DispatchDetail, 'offered_at' | 'deadline_at'>, now: number): number {
  const [from, to] = [Date.parse(own.offered_at), Date.parse(own.deadline_at)]
  return Math.min(1, Math.max(0, (to - now) / Math.max(1, to - from)))
}
