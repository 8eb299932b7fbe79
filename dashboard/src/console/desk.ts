/** What the duty officer does: which dialog is open, what is being submitted, what was refused. */

import { computed, type InjectionKey, inject, ref, watch } from 'vue'
import { api, refusal, type Refused } from '../api/client'
import type { DispatchAction, IncidentDetail } from '../api/types'
import type { Store } from '../live/store'
import { type Action, acts, may } from '../queue/actions'
import type { Detail } from './detail'

export type Dialog = 'dispatch' | 'close' | 'cancel' | 'resolve' | 'note' | 'call' | 'keys' | 'unprotected' | 'circle' | 'ended' | 'evacuation'

export function createDesk(store: Store, detail: Detail) {
  const dialog = ref<Dialog | null>(null)
  const working = ref<Action | 'recall' | null>(null)
  const refused = ref<Refused | null>(null)
  const marking = ref('')
  let fading: ReturnType<typeof setTimeout> | undefined
  let turn = 0
  watch(dialog, () => { turn += 1 }, { flush: 'sync' })

  function refuse(reason: unknown): void {
    refused.value = refusal(reason)
    clearTimeout(fading)
    fading = setTimeout(() => { refused.value = null }, 8_000)
  }

  /** One thing at a time. Its answer closes the dialog that it was asked from, never one that was opened since. */
  async function submit(action: Action | 'recall', request: () => Promise<IncidentDetail>): Promise<boolean> {
    if (working.value) return false
    working.value = action
    const from = turn
    try {
      detail.put(await request())
      if (turn === from) dialog.value = null
      refused.value = null
      return true
    } catch (reason) {
      refuse(reason)
      return false
    } finally {
      working.value = null
    }
  }

  /** Begin an action: an acknowledgement is submitted at once, everything else asks first. */
  function begin(action: Action): void {
    const item = store.current.value
    if (!item || (action !== 'call' && !acts(store.me.role))) return
    if (action !== 'call' && (!item.stored || !may(item.card, action))) return
    if (action === 'acknowledge') void submit(action, () => api.acknowledge(item.id, item.card.version))
    else dialog.value = action
  }

  /** What the desk does to an errand: recall it, or write down what a responder has told it by telephone. */
  function errand(dispatchId: string, action: DispatchAction): Promise<boolean> {
    const id = store.selected.value
    return submit('recall', async () => {
      await api.errand(dispatchId, action)
      return api.incident(id!)
    })
  }

  /** Somebody is out of the fire, or not yet after all. The list stays open: the next one follows. */
  async function mark(senior: string, out: boolean): Promise<void> {
    const id = store.selected.value
    if (!id || marking.value) return
    marking.value = senior
    try {
      detail.put(await api.bringOut(id, senior, out))
    } catch (reason) {
      refuse(reason)
    } finally {
      marking.value = ''
    }
  }

  const recall = (dispatchId: string) => errand(dispatchId, 'recall')

  return {
    dialog, working, refused, begin, submit, errand, recall, refuse, mark, marking,
    readonly: computed(() => !acts(store.me.role)),
    dismiss: () => { refused.value = null },
  }
}

export type Desk = ReturnType<typeof createDesk>
export const DESK: InjectionKey<Desk> = Symbol('desk')
export const DETAIL: InjectionKey<Detail> = Symbol('detail')

export function useDesk(): Desk {
  const desk = inject(DESK)
  if (!desk) throw new Error('the desk is provided by the console')
  return desk
}

export function useDetail(): Detail {
  const detail = inject(DETAIL)
  if (!detail) throw new Error('the detail is provided by the console')
  return detail
}
