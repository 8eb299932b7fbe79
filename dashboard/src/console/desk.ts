/** What the duty officer does: which dialog is open, what is being submitted, what was refused. */

import { computed, type InjectionKey, inject, ref, shallowRef, watch } from 'vue'
import { api, refusal, Refused } from '../api/client'
import type { DispatchAction, IncidentCard, IncidentDetail } from '../api/types'
import type { Store } from '../live/store'
import { modals } from '../parts/modals'
import { type Action, actionOfKey, acts, KEYS, may } from '../queue/actions'
import type { Detail } from './detail'
import { createTurns } from './turns'

export type Dialog = 'dispatch' | 'close' | 'cancel' | 'resolve' | 'note' | 'call' | 'keys' | 'unprotected' | 'circle' | 'ended' | 'evacuation'

/** Something that was pressed and is not answered yet. `turn`: of the dialog that it was asked from, 0 of none; `what` tells errands apart. */
interface Asked { readonly action: Action | 'recall'; readonly id: string | null; readonly turn: number; readonly what: string }

/** Dialogs that are about no incident, and stay when the selection moves. */
export const OF_THE_DESK: ReadonlySet<Dialog> = new Set(['keys', 'unprotected', 'circle', 'ended'])

/** The keys that do something to an incident. */
const ORDERS: ReadonlySet<string> = new Set(Object.values(KEYS))

/** In less time nobody has seen that another incident is selected now, in ms. */
const UNSEEN_MS = 400

/** A key that could not be heard for longer than this, in ms, is not meant any more. */
const LATEST_MS = 10_000

/** `shown`: whether the selected incident is on the screen, and not another page in its place. */
export function createDesk(store: Store, detail: Detail, shown: () => boolean = () => true) {
  const dialog = ref<Dialog | null>(null)
  const { asked, take } = createTurns<Asked>((one, it) => one.action === it.action && one.id === it.id && one.turn === it.turn && one.what === it.what)
  const refused = ref<Refused | null>(null)
  /** Which incident was refused something: it is named where another is looked at by now. */
  const about = shallowRef<IncidentCard | null>(null)
  const marking = ref('')
  let fading: ReturnType<typeof setTimeout> | undefined
  let early: { id: string; strokes: readonly { key: string; at: number }[] } | null = null
  let slippedAt = -UNSEEN_MS
  const turn = ref(0)
  watch(dialog, () => { turn.value += 1 }, { flush: 'sync' })

  function refuse(reason: unknown, of: IncidentCard | null = store.current.value?.card ?? null): void {
    refused.value = refusal(reason)
    about.value = of
    clearTimeout(fading)
    fading = setTimeout(() => { refused.value = null }, 8_000)
  }

  /**
   * Waits its turn; what still waits when its dialog is closed was taken back, and that is told: it looked like one on its way. An answer closes the dialog that it was asked from, never one
   * that was opened since.
   */
  async function submit(action: Action | 'recall', request: () => Promise<IncidentDetail | void>, what = ''): Promise<boolean> {
    const card = store.current.value?.card ?? null
    const own: Asked = { action, id: store.selected.value, turn: dialog.value ? turn.value : 0, what }
    return take(own, async () => {
      if (!own.turn || own.turn === turn.value) return attempt(own, card, request)
      refuse(new Refused(0, 'taken_back', ''), card)
      return false
    })
  }

  async function attempt(own: Asked, card: IncidentCard | null, request: () => Promise<IncidentDetail | void>): Promise<boolean> {
    try {
      const found = await request()
      if (found) detail.put(found)
      if (own.turn === turn.value) dialog.value = null
      if (about.value?.id === card?.id) refused.value = null
      return true
    } catch (reason) {
      refuse(reason, card)
      return false
    }
  }

  /** Whether this was asked of the selected incident and is not answered yet. */
  const busy = (action: Action | 'recall'): boolean => asked.value.some((one) => one.action === action && one.id === store.selected.value)

  /** Begin an action: an acknowledgement is submitted at once, everything else asks first. */
  function begin(action: Action): void {
    const item = store.current.value
    if (!item || (action !== 'call' && !acts(store.me.role))) return
    if (action !== 'call' && (!item.stored || !may(item.card, action))) return
    if (slipped()) return
    if (action === 'acknowledge' && busy(action)) return // the same press: what was pressed behind the first is still meant
    early = null
    if (action === 'acknowledge') void submit(action, () => api.acknowledge(item.id, item.card.version)).then((done) => late(item.id, done))
    else dialog.value = action
  }

  /** What was pressed for an incident that left a moment ago is not done to the one that took its place, nor to one that is not shown. */
  function slipped(): boolean {
    const why = !shown() ? 'not_shown' : performance.now() - slippedAt < UNSEEN_MS ? 'moved_on' : null
    if (why) refuse(new Refused(0, why, ''))
    return why !== null
  }

  /** A key that means nothing yet, since the incident is not stored or the acknowledgement on its way: it is heard when that is so. */
  function hear(key: string): void {
    const item = store.current.value
    if (!item || key === 'Escape' || (item.stored && !busy('acknowledge'))) early = null
    else if (ORDERS.has(key.toUpperCase()) && !slipped()) early = { id: item.id, strokes: [...(early?.id === item.id ? early.strokes : []), { key, at: performance.now() }] }
  }

  /** Of this incident; what was pressed for another waits for its own answer. */
  function late(id: string, done: boolean): void {
    const [item, it] = [store.current.value, early]
    if (it?.id !== id) return
    early = null
    if (!done || item?.id !== id || dialog.value || modals.value) return
    const strokes = it.strokes.filter((one) => performance.now() - one.at <= LATEST_MS)
    const nth = strokes.findIndex(({ key }) => actionOfKey(key, item.card, item.stored))
    if (nth < 0) return
    begin(actionOfKey(strokes[nth]!.key, item.card, item.stored)!)
    if (busy('acknowledge')) early = { id, strokes: strokes.slice(nth + 1) }
  }
  watch(() => (store.current.value?.stored ? store.current.value.id : null), (id) => { if (id && !busy('acknowledge')) late(id, true) })

  /** What the desk does to an errand: recall it, or write down what a responder has told it by telephone. It is done also where it then cannot be read. */
  function errand(dispatchId: string, action: DispatchAction): Promise<boolean> {
    const id = store.selected.value
    return submit('recall', async () => {
      await api.errand(dispatchId, action)
      await detail.read(id!)
    }, `${dispatchId} ${action}`)
  }

  /** Somebody is out of the fire, or not yet after all. The list stays open: the next one follows. */
  async function mark(senior: string, out: boolean): Promise<void> {
    const id = store.selected.value
    const card = store.current.value?.card ?? null
    if (!id || marking.value) return
    marking.value = senior
    try {
      detail.put(await api.bringOut(id, senior, out))
    } catch (reason) {
      refuse(reason, card)
    } finally {
      marking.value = ''
    }
  }

  const recall = (dispatchId: string) => errand(dispatchId, 'recall')

  return {
    dialog, refused, about, begin, submit, busy, errand, recall, refuse, mark, marking,
    hear, slipped,
    slip: () => { slippedAt = performance.now() },
    /** Whether the incident that the open dialog is about has left the board meanwhile. */
    gone: computed(() => dialog.value !== null && !!store.current.value?.stored && !OF_THE_DESK.has(dialog.value) && !store.list.value.some((item) => item.id === store.selected.value)),
    /** Whether what the open dialog asked for is on its way. */
    sending: computed(() => asked.value.some((one) => one.turn === turn.value)),
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
