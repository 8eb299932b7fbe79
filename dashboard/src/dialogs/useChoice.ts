/**
 * Who of a list is chosen. The choice is a person, not a place: read again, the list may stand in another order, and nobody is sent who only moved
 * up to where another stood. Whoever is not in it any more leaves no choice.
 */

import { computed, type Ref, ref } from 'vue'

/** `best`: the place of the suggestion, where a choice begins. */
export function useChoice(able: Ref<readonly { readonly responder: string }[]>, best: Ref<number>) {
  const chosen = ref<string | null>(null)
  const at = computed(() => able.value.findIndex((one) => one.responder === chosen.value))

  function choose(place: number): void {
    chosen.value = able.value[place]?.responder ?? null
  }
  function move(by: number): void {
    choose(at.value < 0 ? best.value : Math.min(able.value.length - 1, Math.max(0, at.value + by)))
  }
  return { at, choose, move }
}
