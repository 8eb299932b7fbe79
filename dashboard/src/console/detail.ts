/** The whole of the selected incident, read again whenever its version grows, and every while as long as it burns; what was last read
 * stays visible with its age. */

import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import { api, refusal, type Refused } from '../api/client'
import type { IncidentDetail } from '../api/types'
import type { Store } from '../live/store'
import { burns } from './fire'

const BURNING_MS = 10_000

interface Held { readonly detail: IncidentDetail; readonly readAt: number }

export function createDetail(store: Store) {
  const held = shallowRef<Held | null>(null)
  const trouble = shallowRef<Refused | null>(null)
  let abort: AbortController | null = null

  const wanted = computed(() => {
    const item = store.current.value
    return item?.stored ? { id: item.id, version: item.card.version } : null
  })

  /** What was read or answered. Answers overtake each other: an older one never takes the place of a newer one. */
  function take(detail: IncidentDetail): void {
    store.adopt(detail.card)
    const { id, version } = detail.card
    const current = held.value?.detail.card
    if (id !== store.selected.value || (current?.id === id && current.version > version)) return
    held.value = { detail, readAt: store.now.value }
    trouble.value = null
  }

  /** The answer to an act. What is being read meanwhile was perhaps read before it, and is not waited for unless it is about something newer. */
  function put(detail: IncidentDetail): void {
    const { id, version } = detail.card
    if (id === wanted.value?.id && version >= wanted.value.version) abort?.abort()
    take(detail)
  }

  /** Never throws. Of what is not selected any more nothing is read. */
  async function read(id: string): Promise<void> {
    if (id !== store.selected.value) return
    abort?.abort()
    abort = new AbortController()
    const { signal } = abort
    try {
      const found = await api.incident(id, signal)
      if (!signal.aborted) take(found)
    } catch (reason) {
      if (signal.aborted) return
      trouble.value = refusal(reason)
    }
  }

  watch(
    () => [wanted.value?.id, wanted.value?.version, store.link.value.connected] as const,
    ([id, version], before) => {
      const current = held.value?.detail.card
      if (current && current.id !== id) held.value = null
      if (id !== before?.[0]) {
        trouble.value = null // it was about the one before
        abort?.abort()
      }
      if (id && version !== undefined && !(current?.id === id && current.version >= version && !trouble.value)) void read(id)
    },
    { immediate: true },
  )
  const again = setInterval(() => {
    const current = held.value?.detail
    if (current && current.card.id === wanted.value?.id && burns(current) && store.link.value.connected) void read(current.card.id)
  }, BURNING_MS)
  onScopeDispose(() => {
    clearInterval(again)
    abort?.abort()
  })

  return { held, trouble, put, read, again: () => { if (wanted.value) void read(wanted.value.id) }, detail: computed(() => held.value?.detail ?? null) }
}

export type Detail = ReturnType<typeof createDetail>
