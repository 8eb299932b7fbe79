/** Who is logged in, and why nobody is: not yet, any more, by his own wish, or because nothing can be read. */

import { ref, shallowRef } from 'vue'
import { api, refusal, type Refused } from '../api/client'
import type { District, Me } from '../api/types'

const RETRY_MS = 3_000

export function useSession() {
  const who = shallowRef<{ me: Me; district: District } | null>(null)
  const asked = ref(false)
  /** What is said above the login: the server let us go, or it was not told that we went and would let the next one in by the same login. */
  const why = ref<'expired' | 'unended' | null>(null)
  const trouble = shallowRef<Refused | null>(null)
  let leaving = false

  async function load(): Promise<void> {
    try {
      const me = await api.me()
      who.value = { me, district: await api.district() }
      trouble.value = null
      why.value = null
    } catch (fault) {
      who.value = null
      const reason = refusal(fault)
      trouble.value = reason.status === 401 ? null : reason
      if (trouble.value) setTimeout(load, RETRY_MS)
    }
    asked.value = true
  }

  async function logout(): Promise<void> {
    if (leaving) return
    leaving = true
    why.value = await api.logout().then(() => null, (fault: unknown) => (refusal(fault).status === 401 ? null : 'unended' as const))
    leaving = false
    who.value = null
  }

  /** The server knows us no more: it says so also to who is just leaving, which is no news to him. */
  function refused(): void {
    if (leaving || !who.value) return
    who.value = null
    why.value = 'expired'
  }

  return { who, asked, why, trouble, load, logout, refused }
}
