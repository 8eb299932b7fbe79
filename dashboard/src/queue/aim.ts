/** Which card a click meant, when the queue has just been sorted again under the mouse. Pure: the places were measured before. */

/** In less time nobody has seen that another card stands there now, in ms. */
export const UNSEEN_MS = 300

/** Where a card stood, in pixels from the top of the window. */
export interface Stood { readonly id: string; readonly top: number; readonly bottom: number }

/** What was seen: where each card stood before the queue changed, and when that was. */
export interface Seen { readonly places: readonly Stood[]; readonly at: number }

/** The card that stood at this height when the hand was moved there; where none stood, or once the change has been seen, the one clicked. */
export function aimed(seen: Seen | null, y: number, now: number, clicked: string): string {
  if (!seen || now - seen.at >= UNSEEN_MS) return clicked
  return seen.places.find((one) => y >= one.top && y < one.bottom)?.id ?? clicked
}

/** What the hand still aims at: the picture before this change, unless the one before an earlier change is not old yet. */
export function seenBefore(seen: Seen | null, now: number, measure: () => readonly Stood[]): Seen {
  return seen && now - seen.at < UNSEEN_MS ? seen : { places: measure(), at: now }
}
