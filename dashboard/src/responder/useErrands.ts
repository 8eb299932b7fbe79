/**
 * The phone's link: asks for one's errands every few seconds, shares the position where allowed, rings for a new offer.
 *
 * Underground answers come late, out of order or never: an older list never takes the place of a newer one nor of a step that was taken since,
 * and a step whose answer was lost is no trouble any more once it is read that it was taken.
 */

import { onScopeDispose, ref, shallowRef } from 'vue'
import { api, clocks, refusal, Refused } from '../api/client'
import type { DispatchAction, IncidentDetail } from '../api/types'
import { Player } from '../sound/player'
import { awaits, calls, type Errand, stepped, withdrawn } from './errand'

const ASK_MS = 3_000
const POSITION_MS = 15_000
const RING_MS = 6_000
const PATTERN = [300, 150, 300, 150, 600]

export function useErrands(onRefused: () => void, responder: string) {
  const list = shallowRef<IncidentDetail[]>([])
  const time = () => Date.now() + clocks.skew
  const now = ref(time())
  const heardAt = ref(time())
  const working = ref(false)
  const trouble = ref<Refused | null>(null)
  const sharing = ref(false)
  /** What one was on the way to and need not go to any more; it is told, since nobody looks at a telephone all the way. */
  const over = shallowRef<Errand | null>(null)
  const player = new Player()
  let rungAt = 0
  let sentAt = 0
  let asked = 0
  let taken = 0
  let ending = ''
  let lost: { id: string; action: DispatchAction } | null = null

  async function read(): Promise<void> {
    const mine = ++asked
    try {
      const found = await api.errands()
      heardAt.value = time()
      if (mine < taken) return
      taken = mine
      const gone = withdrawn(list.value, found, responder)
      if (gone && gone.own.id !== ending) {
        over.value = gone
        navigator.vibrate?.(PATTERN)
      }
      list.value = found
      if (lost && !awaits(found, lost.id, lost.action)) settle()
    } catch (fault) {
      if (fault instanceof Refused && fault.status === 401) onRefused()
    }
  }

  /** Nothing is the matter any more. */
  function settle(): void {
    trouble.value = null
    lost = null
  }

  /** What was asked for before this moment is older than what is known now. */
  const overtake = () => { taken = asked + 1 }

  async function act(id: string, action: DispatchAction, body?: Record<string, unknown>): Promise<boolean> {
    if (working.value) return false
    working.value = true
    if (action === 'finish' || action === 'decline') ending = id // also where the answer is lost
    try {
      const brief = await api.errand(id, action, body)
      overtake()
      list.value = stepped(list.value, brief)
      settle()
      void read()
      return true
    } catch (fault) {
      trouble.value = refusal(fault)
      lost = trouble.value.status ? null : { id, action }
      if (!lost) ending = ''
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
      const detail = await api.bringOut(incident, senior, out)
      overtake()
      list.value = list.value.map((one) => (one.card.id === incident ? detail : one))
      settle()
    } catch (fault) {
      trouble.value = refusal(fault)
      lost = null
    } finally {
      working.value = false
    }
  }

  function ring(): void {
    if (!calls(list.value, responder, now.value)) return
    if (Math.abs(now.value - rungAt) < RING_MS) return // a clock that was set right silences nothing
    rungAt = now.value
    player.play('high')
    navigator.vibrate?.(PATTERN)
  }

  function moved(position: GeolocationPosition): void {
    sharing.value = true
    if (Math.abs(Date.now() - sentAt) < POSITION_MS) return
    sentAt = Date.now()
    const { longitude, latitude } = position.coords
    void api.position([longitude, latitude]).catch(() => { sentAt = 0 })
  }

  const unlock = () => void player.unlock()
  addEventListener('pointerdown', unlock)
  if (navigator.userActivation?.hasBeenActive) unlock()
  const asking = setInterval(read, ASK_MS)
  const ticking = setInterval(() => { now.value = time(); ring() }, 250)
  const watching = navigator.geolocation?.watchPosition(moved, () => { sharing.value = false }, { enableHighAccuracy: true, maximumAge: 10_000 })
  void read()
  onScopeDispose(() => {
    removeEventListener('pointerdown', unlock)
    player.close()
    clearInterval(asking)
    clearInterval(ticking)
    if (watching !== undefined) navigator.geolocation.clearWatch(watching)
  })

  return { list, now, heardAt, working, trouble, sharing, over, act, mark, dismiss: settle, forget: () => { over.value = null } }
}
