/**
 * Whether what a press would do has stood long enough to be meant. The second half of a double click, or a thumb that is already on its way
 * when the errand changes under it, belongs to what was there before.
 */

import { onScopeDispose, type Ref, ref, watch } from 'vue'

/** As long as a double click may take, in ms. */
export const SETTLE_MS = 500

/** `meaning`: what the buttons in this place would do, as a text that changes with it. */
export function useSettled(meaning: () => string): Ref<boolean> {
  const settled = ref(true)
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(meaning, () => {
    settled.value = false
    clearTimeout(timer)
    timer = setTimeout(() => { settled.value = true }, SETTLE_MS)
  })
  onScopeDispose(() => clearTimeout(timer))
  return settled
}
