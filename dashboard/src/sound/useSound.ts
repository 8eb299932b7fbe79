/** The desk's ears: steps the schedule on the store's clock and plays what it says. Locked until the first gesture. */

import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { degrades, type Store } from '../live/store'
import { acts } from '../queue/actions'
import { Player } from './player'
import { rings, SILENT, step, toggleMute } from './schedule'

export function useSound(store: Store) {
  const audible = acts(store.me.role)
  const player = new Player()
  const enabled = ref(false)
  const hearing = shallowRef(SILENT)

  async function unlock(): Promise<void> {
    enabled.value = await player.unlock()
    if (!enabled.value) return
    removeEventListener('pointerdown', unlock)
    removeEventListener('keydown', unlock)
  }
  addEventListener('pointerdown', unlock)
  addEventListener('keydown', unlock)
  if (navigator.userActivation?.hasBeenActive) void unlock()
  onScopeDispose(() => {
    removeEventListener('pointerdown', unlock)
    removeEventListener('keydown', unlock)
  })

  // who only looks on is not rung
  watch(store.now, (now) => {
    if (!audible || !enabled.value || !store.board.value.complete && !store.fault.value) return
    const lost = store.fault.value !== null && !degrades(store.fault.value)
    const heard = step(hearing.value, store.list.value.filter(({ card }) => rings(store.me.role, card)), now, lost)
    hearing.value = heard.hearing
    if (heard.play) player.play(heard.play)
  })

  return {
    audible,
    enabled,
    unlock,
    mutedAt: computed(() => hearing.value.mutedAt),
    toggle: () => { hearing.value = toggleMute(hearing.value, store.now.value) },
  }
}

export type Sound = ReturnType<typeof useSound>
