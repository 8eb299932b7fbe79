/** What a key press means on the console. Pure: keys in, one command out. */

import type { Action } from '../queue/actions'
import { actionOfKey } from '../queue/actions'
import type { Item } from '../queue/items'

export type Command =
  | { do: 'action'; action: Action }
  | { do: 'move'; by: 1 | -1 }
  | { do: 'sound' | 'language' | 'help' | 'fly' | 'fit' }

const PLAIN: Record<string, Command> = {
  j: { do: 'move', by: 1 }, ArrowDown: { do: 'move', by: 1 }, k: { do: 'move', by: -1 }, ArrowUp: { do: 'move', by: -1 },
  m: { do: 'sound' }, l: { do: 'language' }, '?': { do: 'help' }, '？': { do: 'help' }, f: { do: 'fly' }, g: { do: 'fit' },
}

export interface Stroke { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean; repeat: boolean }

/** One key by itself, pressed once. */
export const alone = (stroke: Stroke): boolean => !(stroke.ctrlKey || stroke.metaKey || stroke.altKey || stroke.repeat)

/** None for combinations, for keys held down (except moving) and for what means nothing now. */
export function commandOf(stroke: Stroke, current: Item | null): Command | null {
  if (stroke.ctrlKey || stroke.metaKey || stroke.altKey) return null
  const plain = PLAIN[stroke.key.length === 1 ? stroke.key.toLowerCase() : stroke.key]
  if (plain) return stroke.repeat && plain.do !== 'move' ? null : plain
  if (!current || stroke.repeat) return null
  const action = actionOfKey(stroke.key, current.card, current.stored)
  return action ? { do: 'action', action } : null
}

/** Keys that are not for the page: somebody types, or a dialog lies over it, whoever opened that. */
export function elsewhere(event: Pick<Event, 'target'>, page: Pick<Document, 'querySelector'> = document): boolean {
  return page.querySelector('dialog[open]') !== null || !!(event.target as Element | null)?.closest?.('input, textarea, select')
}

/** The neighbour in the queue; from nothing, the first; at the ends it stays. */
export function moved(list: readonly Item[], selected: string | null, by: 1 | -1): string | null {
  const at = list.findIndex((item) => item.id === selected)
  if (at < 0) return list[0]?.id ?? null
  return list[Math.min(list.length - 1, Math.max(0, at + by))]!.id
}
