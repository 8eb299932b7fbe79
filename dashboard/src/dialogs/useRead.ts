/**
 * What a dialog reads when it is opened. What fails is told in the dialog, where it can be tried again; an answer that comes after the dialog
 * was left changes nothing: whatever lies open by then is another one.
 */

import { onScopeDispose, shallowRef } from 'vue'
import { refusal, type Refused } from '../api/client'

export function useRead<T>(work: () => Promise<T>) {
  const found = shallowRef<T | null>(null)
  const trouble = shallowRef<Refused | null>(null)
  let nth = 0

  /** Never throws. What was asked for last wins. */
  async function read(): Promise<void> {
    if (nth < 0) return
    const mine = ++nth
    trouble.value = null
    try {
      const it = await work()
      if (mine === nth) found.value = it
    } catch (fault) {
      if (mine === nth) trouble.value = refusal(fault)
    }
  }
  onScopeDispose(() => { nth = -1 })

  return { found, trouble, read }
}
