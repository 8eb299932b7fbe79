/** Reads the page of the system every few seconds while it is looked at; what could not be read keeps its age in sight. */

import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { api, refusal, type Refused } from '../api/client'
import type { Rejected, System } from '../api/types'
import { useStore } from '../live/store'

const EVERY_MS = 5_000

export function useSystem() {
  const store = useStore()
  const page = shallowRef<System | null>(null)
  const rejected = shallowRef<Rejected[] | null>(null)
  const readAt = ref<number | null>(null)
  const refused = shallowRef<Refused | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false

  async function read(): Promise<void> {
    try {
      page.value = await api.system()
      readAt.value = store.now.value
      refused.value = null
      rejected.value = store.me.role === 'admin' && page.value.health.database ? await api.rejected() : rejected.value
    } catch (fault) {
      refused.value = refusal(fault)
    }
    if (!over) timer = setTimeout(read, EVERY_MS)
  }
  void read()
  onScopeDispose(() => {
    over = true
    clearTimeout(timer)
  })
  const ageS = computed(() => (readAt.value === null ? null : Math.max(0, (store.now.value - readAt.value) / 1000)))
  return { page, rejected, refused, ageS }
}
