/**
 * One incident's playbook, read again whenever the incident's version grows; what was last read stays.
 *
 * What fails is told until it was done after all: a press whose answer never came is looked up, and a reading that succeeds in between
 * does not excuse one that was refused.
 */

import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { refusal } from '../api/client'
import { type Playbook, type SirenAct, type StepPress, steps } from '../api/playbook'
import { deviceName } from './playbook'
import { reached, type Trouble } from './trouble'

export interface Watched { readonly id: string; readonly version: number }

/** Besides what the server refuses (4xx): answers that say that nothing was done. */
const DECIDED = new Set(['store_unavailable'])

type Work = (id: string) => Promise<Playbook>
type Asked = Omit<Trouble, 'reason' | 'sure'>

export function usePlaybook(watched: Ref<Watched | null>, where: string) {
  const held = shallowRef<Playbook | null>(null)
  const trouble = shallowRef<Trouble | null>(null)
  const working = ref<string | null>(null)
  let abort: AbortController | null = null
  let last: (() => Promise<boolean>) | null = null
  const device = deviceName(globalThis.localStorage, where, globalThis.navigator?.platform ?? '')
  const book = computed(() => (held.value?.incident === watched.value?.id ? held.value : null))

  function put(found: Playbook): void {
    if (found.incident !== watched.value?.id) return
    if (held.value?.incident === found.incident && held.value.version > found.version) return
    held.value = found
  }

  /** What was read says more than a failure: the press had arrived after all, or it surely had not. */
  function compare(found: Playbook): void {
    const it = trouble.value
    if (!it || found.incident !== watched.value?.id) return
    if (it.what === 'read' || reached(it, found)) trouble.value = null
    else trouble.value = { ...it, sure: true }
  }

  function fail(asked: Asked, reason: unknown): void {
    const why = refusal(reason)
    trouble.value = { ...asked, reason: why, sure: DECIDED.has(why.key) || (why.status >= 400 && why.status < 500) }
  }

  async function read(id: string): Promise<void> {
    abort?.abort()
    abort = new AbortController()
    const { signal } = abort
    try {
      const found = await steps.read(id, signal)
      if (signal.aborted) return
      put(found)
      compare(found)
    } catch (reason) {
      if (!signal.aborted && (!trouble.value || trouble.value.what === 'read')) fail({ what: 'read', key: '', todo: '' }, reason)
    }
  }

  /** One request at a time: a second click while the first is on its way is the same click. */
  async function act(asked: Asked, request: Work): Promise<boolean> {
    const id = watched.value?.id
    if (!id || working.value) return false
    working.value = asked.key
    last = () => act(asked, request)
    try {
      put(await request(id))
      trouble.value = null
      return true
    } catch (reason) {
      if (id !== watched.value?.id) return false
      fail(asked, reason)
      void read(id)
      return false
    } finally {
      working.value = null
    }
  }

  function again(): void {
    if (trouble.value && trouble.value.what !== 'read' && last) void last()
    else if (watched.value) void read(watched.value.id)
  }

  watch(() => [watched.value?.id, watched.value?.version] as const, ([id], before) => {
    if (id !== before?.[0]) trouble.value = null
    if (id) void read(id)
  }, { immediate: true })
  onScopeDispose(() => abort?.abort())

  return {
    book, trouble, working, again,
    press: (key: string, todo: StepPress['do'], reason = '') => act({ what: 'step', key, todo }, (id) => steps.press(id, key, { do: todo, device, reason })),
    siren: (key: string, todo: SirenAct, confirm = false) => act({ what: 'siren', key, todo, before: book.value?.sirens.find((one) => one.device === key)?.command?.id }, (id) => steps.siren(id, key, todo, confirm)),
  }
}
