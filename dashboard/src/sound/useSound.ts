/**
 * The desk's ears: steps the schedule on the store's clock and plays what it says. Locked until the first gesture, and again when the
 * browser takes the sound away: then the desk is told, and the next gesture brings it back.
 */

import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { degrades, type Store } from '../live/store'
import { acts } from '../queue/actions'
import { Player } from './player'
import { rings, SILENT, step, toggleMute } from './schedule'

export function useSound(store: Store) {
  const audible = acts(store.me.role)
  const player = new Player(listen)
  const enabled = ref(false)
  const hearing = shallowRef(SILENT)

  let over = false

  async function unlock(): Promise<void> {
    const ready = await player.unlock()
    if (!over) listen(ready)
  }
  function listen(ready: boolean): void {
    enabled.value = ready
    const wait = ready ? removeEventListener : addEventListener
    wait('pointerdown', unlock)
    wait('keydown', unlock)
  }
  listen(false)
  if (navigator.userActivation?.hasBeenActive) void unlock()
  onScopeDispose(() => {
    over = true
    removeEventListener('pointerdown', unlock)
    removeEventListener('keydown', unlock)
    player.close()
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
