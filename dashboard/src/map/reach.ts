/** The selected responder and what they reach by road: whoever was clicked, else whoever is sent to the selected incident. */

import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { api } from '../api/client'
import type { Isochrones } from '../api/types'
import type { Detail } from '../console/detail'
import type { Store } from '../live/store'

const AGAIN_MS = 60_000
const ENDED = new Set(['declined', 'timed_out', 'recalled', 'done'])

export function useReach(store: Store, detail: Detail) {
  const picked = ref<string | null>(null)
  const isochrones = shallowRef<Isochrones | null>(null)
  let abort: AbortController | null = null

  const sent = computed(() => store.current.value?.card.dispatches.find((one) => !ENDED.has(one.state))?.responder ?? null)
  const focus = computed(() => picked.value ?? sent.value)
  const responder = computed(() => (focus.value ? (store.board.value.responders.get(focus.value) ?? null) : null))
  const routes = computed(() => {
    const held = detail.detail.value
    if (!held || held.card.id !== store.selected.value) return []
    return held.dispatch_list.filter((one) => !ENDED.has(one.state) && one.state !== 'arrived' && one.state !== 'entered').map((one) => one.route)
  })

  async function read(): Promise<void> {
    abort?.abort()
    const code = focus.value
    if (!code) {
      isochrones.value = null
      return
    }
    abort = new AbortController()
    const { signal } = abort
    const found = await api.isochrone(code, signal).catch(() => null)
    if (!signal.aborted) isochrones.value = found
  }

  watch(focus, () => { isochrones.value = null; void read() }, { immediate: true })
  watch(store.selected, () => { picked.value = null })
  const again = setInterval(read, AGAIN_MS)
  onScopeDispose(() => { clearInterval(again); abort?.abort() })

  return { picked, focus, responder, isochrones, routes }
}
