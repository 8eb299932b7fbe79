/**
 * Reads the ranking, or one institution, every half minute while it is looked at. What was asked for last wins, also over a reading that
 * was on its way before a check was entered.
 */

import { onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue'
import { api, refusal, type Refused } from '../api/client'
import type { Place } from './route'
import type { House, Ranking } from './types'

const EVERY_MS = 30_000

export function useSafety(place: Ref<Place>) {
  const ranking = shallowRef<Ranking | null>(null)
  const house = shallowRef<House | null>(null)
  const refused = shallowRef<Refused | null>(null)
  const asked = ref(0)
  let timer: ReturnType<typeof setTimeout> | undefined

  async function read(): Promise<void> {
    clearTimeout(timer)
    const mine = ++asked.value
    const site = place.value.site
    try {
      const found = site ? await api.safetyOf(site) : await api.safety()
      if (mine !== asked.value) return
      if (site) house.value = found as House
      else ranking.value = found as Ranking
      refused.value = null
    } catch (fault) {
      if (mine !== asked.value) return
      refused.value = refusal(fault)
    }
    timer = setTimeout(read, EVERY_MS)
  }

  watch(() => place.value.site, (site) => {
    if (house.value?.row.site !== site) house.value = null
    void read()
  }, { immediate: true })
  onScopeDispose(() => {
    asked.value = -1
    clearTimeout(timer)
  })

  /** The answer to what was entered; of another institution than the one looked at, nothing is shown. */
  function put(found: House): void {
    if (asked.value < 0 || found.row.site !== place.value.site) return
    asked.value += 1
    clearTimeout(timer)
    timer = setTimeout(read, EVERY_MS)
    house.value = found
    refused.value = null
  }
  return { ranking, house, refused, put }
}
