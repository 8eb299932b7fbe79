/**
 * The order of the queue. Pure.
 *
 * Fire first, then priority, then unacknowledged before acknowledged, then the share of the state's target that is used, largest
 * first. What only practises stands below what is real, and what is resolved and only waits for its cause stands last.
 */

import type { IncidentCard } from '../api/types'
import type { Item } from './items'

export type Section = 'live' | 'drill' | 'resolved'

const SECTIONS: readonly Section[] = ['live', 'drill', 'resolved']

export function section(card: IncidentCard): Section {
  if (card.state === 'resolved') return 'resolved'
  return card.drill ? 'drill' : 'live'
}

/** Seconds in the present state. */
export function elapsed(card: Pick<IncidentCard, 'state_at'>, now: number): number {
  return Math.max(0, (now - Date.parse(card.state_at)) / 1000)
}

/** Share of the present state's target that is used: 1 is due, more is late; 0 where the state has no target. */
export function share(card: Pick<IncidentCard, 'state_at' | 'target_s'>, now: number): number {
  return card.target_s ? elapsed(card, now) / card.target_s : 0
}

export function ordered(list: readonly Item[], now: number): Item[] {
  return [...list].sort((a, b) => compare(a, b, now))
}

export function sections(list: readonly Item[], now: number): { name: Section; items: Item[] }[] {
  const sorted = ordered(list, now)
  return SECTIONS.map((name) => ({ name, items: sorted.filter((item) => section(item.card) === name) })).filter((one) => one.items.length)
}

function compare(a: Item, b: Item, now: number): number {
  const left = rank(a, now)
  const right = rank(b, now)
  for (let i = 0; i < left.length; i += 1) {
    const difference = left[i]! - right[i]!
    if (difference) return difference
  }
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

function rank({ card }: Item, now: number): number[] {
  return [
    SECTIONS.indexOf(section(card)),
    card.hazard === 'fire' ? 0 : 1,
    card.priority,
    card.state === 'open' ? 0 : 1,
    -share(card, now),
    Date.parse(card.state_at),
  ]
}
