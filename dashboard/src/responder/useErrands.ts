/** The phone's link: asks for one's errands every few seconds, shares the position where allowed, rings for a new offer. */

import { onScopeDispose, ref, shallowRef } from 'vue'
import { api, refusal, Refused } from '../api/client'
import type { DispatchAction, IncidentDetail } from '../api/types'
import { Player } from '../sound/player'

const ASK_MS = 3_000
const POSITION_MS = 15_000
const RING_MS = 6_000
const PATTERN = [300, 150, 300, 150, 600]

export function useErrands(onRefused: () => void) {
  const list = shallowRef<IncidentDetail[]>([])
  const now = ref(Date.now())
  const heardAt = ref(Date.now())
  const working = ref(false)
  const trouble = ref<Refused | null>(null)
  const sharing = ref(false)
  const player = new Player()
  let rungAt = 0
  let sentAt = 0

  async function read(): Promise<void> {
    try {
      list.value = await api.errands()
      heardAt.value = Date.now()
    } catch (fault) {
      if (fault instanceof Refused && fault.status === 401) onRefused()
    }
  }

  async function act(id: string, action: DispatchAction, body?: Record<string, unknown>): Promise<boolean> {
    if (working.value) return false
    working.value = true
    try {
      await api.errand(id, action, body)
      trouble.value = null
      await read()
      return true
    } catch (fault) {
      trouble.value = refusal(fault)
      return false
    } finally {
      working.value = false
    }
  }

  /** Somebody is out of the fire, or not yet after all. */
  async function mark(incident: string, senior: string, out: boolean): Promise<void> {
    if (working.value) return
    working.value = true
    try {
      await api.bringOut(incident, senior, out)
      trouble.value = null
      await read()
    } catch (fault) {
      trouble.value = refusal(fault)
    } finally {
      working.value = false
    }
  }

  function ring(): void {
    if (!list.value.some((one) => one.dispatch_list.some((own) => own.state === 'offered' && own.allowed.includes('accept')))) return
    if (now.value - rungAt < RING_MS) return
    rungAt = now.value
    player.play('high')
    navigator.vibrate?.(PATTERN)
  }

  function moved(position: GeolocationPosition): void {
    sharing.value = true
    if (Date.now() - sentAt < POSITION_MS) return
    sentAt = Date.now()
    const { longitude, latitude } = position.coords
    void api.position([longitude, latitude]).catch(() => { sentAt = 0 })
  }

  const unlock = () => void player.unlock()
  addEventListener('pointerdown', unlock)
  if (navigator.userActivation?.hasBeenActive) unlock()
  const asking = setInterval(read, ASK_MS)
  const ticking = setInterval(() => { now.value = Date.now(); ring() }, 250)
  const watching = navigator.geolocation?.watchPosition(moved, () => { sharing.value = false }, { enableHighAccuracy: true, maximumAge: 10_000 })
  void read()
  onScopeDispose(() => {
    removeEventListener('pointerdown', unlock)
    clearInterval(asking)
    clearInterval(ticking)
    if (watching !== undefined) navigator.geolocation.clearWatch(watching)
  })

  return { list, now, heardAt, working, trouble, sharing, act, mark, dismiss: () => { trouble.value = null } }
}
