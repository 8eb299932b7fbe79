/**
 * What the server has told us, as one immutable value, and how each message changes it. Pure.
 *
 * Sequence numbers are per connection and only detect gaps: after a gap nothing more is adopted and the connection starts anew.
 * An incident replaces the one held only when its version is higher, so that repeats and late copies change nothing; what has ended is
 * remembered by its version, so that an answer from before its end does not bring it back to ring for ever.
 */

import type { Figures, Health, IncidentCard, Press, ResponderPlace, ServerMessage } from '../api/types'

export interface Board {
  readonly seq: number | null
  readonly gap: boolean
  readonly complete: boolean
  readonly version: string
  readonly incidents: ReadonlyMap<string, IncidentCard>
  /** The versions with which incidents left. */
  readonly gone: ReadonlyMap<string, number>
  readonly presses: ReadonlyMap<string, Press>
  readonly responders: ReadonlyMap<string, ResponderPlace>
  readonly figures: Figures | null
  readonly health: Health | null
}

export const EMPTY: Board = {
  seq: null, gap: false, complete: false, version: '',
  incidents: new Map(), gone: new Map(), presses: new Map(), responders: new Map(), figures: null, health: null,
}

const GONE = new Set(['closed', 'cancelled'])

/** The board for a new connection: what was held stays visible, but numbering begins again and a snapshot is awaited. */
export function reconnected(board: Board): Board {
  return { ...board, seq: null, gap: false, complete: false }
}

export function reduce(board: Board, message: ServerMessage): Board {
  if (board.gap) return board
  if (board.seq !== null && message.seq !== board.seq + 1) return { ...board, gap: true }
  return apply({ ...board, seq: message.seq }, message)
}

function apply(board: Board, message: ServerMessage): Board {
  switch (message.type) {
    case 'hello':
      return { ...board, version: message.version }
    case 'snapshot':
      return {
        ...board,
        complete: true,
        incidents: byId(message.incidents.filter((card) => !GONE.has(card.state)), (card) => card.id),
        presses: byId(message.presses, (press) => press.incident),
        responders: byId(message.responders, (one) => one.code),
        figures: message.figures,
        health: message.health,
      }
    case 'incident':
      return adopt(board, message.incident)
    case 'press':
      return hear(board, message.press)
    case 'responder':
      return { ...board, responders: new Map(board.responders).set(message.responder.code, message.responder) }
    case 'figures':
      return { ...board, figures: message.figures, health: message.health }
    case 'pong':
      return board
  }
}

/** One incident from wherever it came (socket or the answer to an action). */
export function adopt(board: Board, card: IncidentCard): Board {
  const held = board.incidents.get(card.id)?.version ?? board.gone.get(card.id) ?? -1
  if (held >= card.version) return board
  const incidents = new Map(board.incidents)
  let { gone } = board
  if (GONE.has(card.state)) {
    incidents.delete(card.id)
    gone = new Map(gone).set(card.id, card.version)
  } else incidents.set(card.id, card)
  return { ...board, incidents, gone, presses: withoutStored(board.presses, card) }
}

function hear(board: Board, press: Press): Board {
  if (board.incidents.has(press.incident) || board.gone.has(press.incident)) return board
  return { ...board, presses: new Map(board.presses).set(press.incident, press) }
}

/**
 * A press leaves when its own incident arrives, or when the incident about the same subject does: there it rang again. What has ended
 * (its cause is perhaps corrected days later) took in only what was heard before its end.
 */
function withoutStored(presses: ReadonlyMap<string, Press>, card: IncidentCard): ReadonlyMap<string, Press> {
  const stored = [...presses.values()].filter((press) => press.incident === card.id || (subject(press) === subject(card) && took(card, press)))
  if (!stored.length) return presses
  const left = new Map(presses)
  for (const press of stored) left.delete(press.incident)
  return left
}

const took = (card: IncidentCard, press: Press): boolean => !GONE.has(card.state) || Date.parse(press.received_at) <= Date.parse(card.state_at)

type About = Pick<Press, 'hazard' | 'drill' | 'senior' | 'zone' | 'device' | 'site'>

function subject(it: About): string {
  const person = it.senior?.code ?? it.zone?.code ?? it.device
  return [it.hazard, it.drill, it.hazard === 'person' ? person : it.site.code].join('|')
}

function byId<T>(list: readonly T[], key: (one: T) => string): ReadonlyMap<string, T> {
  return new Map(list.map((one) => [key(one), one]))
}
