/** The register as far as it has been read: what came with the institution, and the older pages that were asked for after it. */

import { computed, ref, shallowRef, watch } from 'vue'
import { api, refusal, type Refused } from '../api/client'
import type { Check, House, Withdrawn } from './types'

type Lines = Pick<House, 'checks' | 'withdrawn'>

/** Each line once, the newest first, as the register has them; what came with the institution is the newer word on a line. */
export function joined(house: Lines, older: Lines): Lines {
  const known = new Set([...house.checks, ...house.withdrawn.map((it) => it.check)].map((it) => it.id))
  return {
    checks: [...house.checks, ...older.checks.filter((it) => !known.has(it.id))].sort(newest),
    withdrawn: [...house.withdrawn, ...older.withdrawn.filter((it) => !known.has(it.check.id))].sort((a: Withdrawn, b: Withdrawn) => newest(a.check, b.check)),
  }
}

function newest(a: Check, b: Check): number {
  return b.done_on.localeCompare(a.done_on) || Date.parse(b.entered_at) - Date.parse(a.entered_at) || a.id.localeCompare(b.id)
}

export function useRegister(house: () => House) {
  const pages = shallowRef<Lines>({ checks: [], withdrawn: [] })
  const before = ref<string | null>(null)
  const reading = ref(false)
  const refused = shallowRef<Refused | null>(null)
  let asked = 0

  /** At another place, and once anything has been entered or withdrawn, nothing is kept that might be told otherwise now. */
  function restart(): void {
    asked++
    pages.value = { checks: [], withdrawn: [] }
    before.value = house().older
    reading.value = false
    refused.value = null
  }

  async function read(): Promise<void> {
    if (reading.value || before.value === null) return
    const mine = ++asked
    reading.value = true
    try {
      const found = await api.olderChecks(house().row.site, before.value)
      if (mine !== asked) return
      pages.value = { checks: [...pages.value.checks, ...found.checks], withdrawn: [...pages.value.withdrawn, ...found.withdrawn] }
      before.value = found.older
      refused.value = null
    } catch (fault) {
      if (mine === asked) refused.value = refusal(fault)
    } finally {
      if (mine === asked) reading.value = false
    }
  }

  const own = () => [...house().checks, ...house().withdrawn.map((it) => it.check)].map((it) => it.id).sort().join()
  watch([() => house().row.site, () => house().older, own], restart, { immediate: true })
  return { lines: computed(() => joined(house(), pages.value)), more: computed(() => before.value !== null), reading, refused, read, restart }
}
