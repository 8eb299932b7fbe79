/** What stands in the queue: stored incidents, and presses that were heard but are not stored yet, in one shape. Pure. */

import type { IncidentCard, Press } from '../api/types'
import type { Board } from '../live/board'

export interface Item {
  readonly id: string
  readonly stored: boolean
  readonly card: IncidentCard
}

/** The answer target of a press, until its incident brings its own. */
const ANSWER_S = 60

export function items(board: Pick<Board, 'incidents' | 'presses'>): Item[] {
  const stored = [...board.incidents.values()].map((card) => ({ id: card.id, stored: true, card }))
  const heard = [...board.presses.values()].map((press) => ({ id: press.incident, stored: false, card: asCard(press) }))
  return [...stored, ...heard]
}

function asCard(press: Press): IncidentCard {
  const late = Math.round((Date.parse(press.received_at) - Date.parse(press.at)) / 1000)
  return {
    id: press.incident, version: 0, hazard: press.hazard, kind: press.kind, kinds: [press.kind], priority: press.priority,
    state: 'open', state_at: press.received_at, target_s: ANSWER_S, drill: press.drill, rings: 1, level: 0,
    late_s: late > 60 ? late : 0, alarms: 1, active_alarms: 1, area: press.area, site: press.site, zone: press.zone,
    senior: press.senior, device: press.device, acknowledged_by: null, dispatches: [],
    stamps: { raised: press.at, received: press.received_at }, cause: null, allowed: [],
  }
}
