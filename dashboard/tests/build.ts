/** Values for tests: whole cards and items from the few fields that a test is about. */

import type { Curve, Figures, Health, IncidentCard, Press, ResponderPlace, SiteBrief } from '../src/api/types'
import type { Item } from '../src/queue/items'

export const T0 = Date.parse('2026-11-24T19:12:47.000Z')
export const at = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString()

export const SITE: SiteBrief = {
  code: 'h0001', kind: 'home', name_zh: '金鹏里7-2-402', name_en: 'Jinpeng Li 7-2-402', area: '120105008', address: '王串场街道金鹏里7号楼2门402', lon: 117.22, lat: 39.16,
}

export function card(over: Partial<IncidentCard> = {}): IncidentCard {
  return {
    id: 'i1', version: 1, hazard: 'person', kind: 'sos', kinds: ['sos'], priority: 1, state: 'open', state_at: at(0), target_s: 60, drill: false,
    rings: 1, level: 0, late_s: 0, alarms: 1, active_alarms: 1, area: '120105008', site: SITE, zone: null,
    senior: { code: 's1', name: '李**', sex: 'f', age: 86, tags: [], ability_level: 2 }, device: 'sos-h0001', acknowledged_by: null,
    dispatches: [], stamps: {}, cause: null, allowed: ['acknowledge'], ...over,
  }
}

export function item(id: string, over: Partial<IncidentCard> = {}): Item {
  return { id, stored: true, card: card({ id, ...over }) }
}

export function press(over: Partial<Press> = {}): Press {
  return {
    incident: 'i1', alarm: 'a1', kind: 'sos', hazard: 'person', priority: 1, drill: false, at: at(0), received_at: at(0), area: '120105008',
    device: 'sos-h0001', site: SITE, zone: null, senior: card().senior, ...over,
  }
}

export const FIGURES: Figures = {
  devices: 10, online: 9, silent: 1, unprotected: 0, circle_share: 0.964, answer_p90_s: 11.9, answer_n: 3, alarms_10min: 2,
  ingest_per_s: 100, ingest_p99_ms: 20, probe_at: null, probe_ms: null,
}
export const HEALTH: Health = { broker: true, broker_since: at(-60), database: true, database_since: at(-60), database_refuses: null, failing: [], failing_since: at(-60) }

export function responder(over: Partial<ResponderPlace> = {}): ResponderPlace {
  return {
    code: 'r1', name: '孟强', kind: 'nurse', vehicle: 'ebike', skills: [], area: '120105008', lon: 117.2, lat: 39.15, position_at: at(0),
    on_duty: true, busy: false, ...over,
  }
}

export function reading(over: Partial<Curve> = {}): Curve {
  return { device: 'd', zone: '', metric: 'temperature', unit: '°C', points: [], age_s: 12, limit: null, limit_source: '', doubtful: [], ...over }
}
