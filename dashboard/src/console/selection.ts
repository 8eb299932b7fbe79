/**
 * Something is always selected while anything stands; a new arrival never takes the selection away.
 *
 * What is selected and leaves the board gives way to its neighbour, but not while a dialog lies open: who reads an address to 119, or writes
 * how it ended, is not interrupted, and the next letters of a note are no commands to another incident.
 */

import { nextTick, watch } from 'vue'
import type { Store } from '../live/store'

/** `slipped`: the selection has moved although nobody moved it. */
export function useSelection(store: Pick<Store, 'selected' | 'sorted'>, held: () => boolean, slipped: () => void): void {
  let stood = 0
  const place = () => store.sorted.value.findIndex((item) => item.id === store.selected.value)

  watch([store.selected, store.sorted, held], async () => {
    if (place() < 0) await nextTick()
    const at = place()
    if (at >= 0) stood = at
    else if (!held()) {
      if (store.selected.value !== null) slipped()
      const { value: list } = store.sorted
      store.selected.value = list[Math.min(stood, list.length - 1)]?.id ?? null
    }
  }, { immediate: true })
}
