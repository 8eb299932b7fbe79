/** A fire as it is read: what it looks like when it is nothing, each zone with its alarms and curves, who is still inside. Pure. */

import type { AlarmShape, Curve, Evacuee, FireZone, IncidentDetail, ReasonShape } from '../api/types'

const LIVE = new Set(['open', 'acknowledged', 'dispatched', 'on_scene'])

/** Why a smoke alarm that stands may be steam, cooking or dust, how far it is believed, and until when somebody must look. */
export function likeness(alarms: readonly AlarmShape[]): ReasonShape[] {
  return alarms.find((alarm) => alarm.kind === 'smoke_check' && alarm.state === 'active')?.reasons ?? []
}

export function alarmsOf(detail: IncidentDetail, zone: FireZone): AlarmShape[] {
  return detail.alarm_list
    .filter((alarm) => alarm.zone === (zone.zone?.code ?? ''))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || a.priority - b.priority)
}

export function curvesOf(detail: IncidentDetail, zone: FireZone): Curve[] {
  return detail.curves.filter((curve) => curve.zone === (zone.zone?.code ?? ''))
}

/** Seconds after the first zone. */
export function after(zones: readonly FireZone[], zone: FireZone): number {
  return (Date.parse(zone.at) - Date.parse(zones[0]!.at)) / 1000
}

export const inside = (list: readonly Evacuee[]): Evacuee[] => list.filter((one) => one.out_at === null)

/** How many of those who are still where it burns cannot walk out. */
export const carry = (list: readonly Evacuee[]): number => inside(list).filter((one) => one.order > 0 && one.reduced_mobility).length

export interface Group { readonly key: 'cannot_walk' | 'zone' | 'floor'; readonly people: Evacuee[] }

/** The server's order in three parts: who cannot walk where it burns, the others there, the rest of the floor. */
export function groups(list: readonly Evacuee[]): Group[] {
  const parts: Group[] = [
    { key: 'cannot_walk', people: list.filter((one) => one.order > 0 && one.reduced_mobility) },
    { key: 'zone', people: list.filter((one) => one.order > 0 && !one.reduced_mobility) },
    { key: 'floor', people: list.filter((one) => one.order === 0) },
  ]
  return parts.filter((part) => part.people.length)
}

/** The list as it stands under a finger: who, in which order, and who is out. */
export const rows = (list: readonly Evacuee[]): string => list.map((one) => `${one.senior.code}${one.out_at ? ' out' : ''}`).join()

/** A fire goes on: while it does, it is read again and again. */
export const burns = (detail: IncidentDetail): boolean => detail.fire !== null && LIVE.has(detail.card.state)

/** The standard behind a criterion, without our own mark for what was written down from memory; none for a rule of ours. */
export const standard = (source: string): string => (/^(?:EN|GB|UL|BS|NEWS)/.test(source) ? source.replace(/ ?(?:lowest gate|lower bound)?(?: ?\[M\])?(?:; ours)?$/, '') : '')
