/** Which four buttons an incident offers, the next right thing first, and what each key does. Pure. */

import type { IncidentCard, Role, State } from '../api/types'

export type Action = 'acknowledge' | 'dispatch' | 'call' | 'resolve' | 'close' | 'cancel' | 'note'

export interface Offer {
  readonly action: Action
  readonly key: string
  readonly primary: boolean
  readonly enabled: boolean
}

export const KEYS: Record<Action, string> = {
  acknowledge: 'A', dispatch: 'D', call: 'C', resolve: 'R', close: 'X', cancel: 'X', note: 'N',
}

const FOUR: Record<State, readonly Action[]> = {
  open: ['acknowledge', 'call', 'note', 'cancel'],
  acknowledged: ['dispatch', 'call', 'resolve', 'note'],
  dispatched: ['call', 'dispatch', 'resolve', 'note'],
  on_scene: ['resolve', 'call', 'dispatch', 'note'],
  resolved: ['close', 'call', 'note'],
  closed: [],
  cancelled: [],
}

const EVENT_FREE = new Set<Action>(['call', 'note'])

export function may(card: IncidentCard, action: Action): boolean {
  return EVENT_FREE.has(action) || card.allowed.includes(action)
}

export function acts(role: Role): boolean {
  return role === 'duty' || role === 'admin'
}

/** What may never be done while it stands like this is not offered: a press and a fire are not cancelled but resolved. */
const NEVER_OFF = new Set<Action>(['cancel'])

/** The buttons, at most four. A press that is not stored yet can be answered by telephone only. */
export function offers(card: IncidentCard, stored: boolean): Offer[] {
  const list = stored ? FOUR[card.state] : (['call'] as const)
  return list.filter((action) => may(card, action) || !NEVER_OFF.has(action)).map((action, index) => ({
    action, key: KEYS[action], primary: index === 0, enabled: may(card, action),
  }))
}

/** What a key means for this incident now: X closes what is resolved and cancels what may be cancelled. */
export function actionOfKey(key: string, card: IncidentCard, stored: boolean): Action | null {
  const upper = key.toUpperCase()
  const wanted = (Object.keys(KEYS) as Action[]).filter((action) => KEYS[action] === upper)
  if (!stored) return wanted.includes('call') ? 'call' : null
  return wanted.find((action) => may(card, action)) ?? null
}
