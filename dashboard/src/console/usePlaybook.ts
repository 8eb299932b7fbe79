/**
 * One incident's playbook, read again whenever the incident's version grows; what was last read stays.
 *
 * What fails is told until it was done after all: a press whose answer never came is looked up, and a reading that succeeds in between
 * does not excuse one that was refused. Presses wait their turn; one that is refused after the incident was left is told by `lost`.
 */

import { computed, onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { refusal } from '../api/client'
import { type Playbook, type SirenAct, type StepPress, steps } from '../api/playbook'
import { deviceName } from './playbook'
import { reached, type Trouble } from './trouble'
import { createTurns } from './turns'

export interface Watched { readonly id: string; readonly version: number }

/** Besides what the server refuses (4xx): answers that say that nothing was done. */
const DECIDED = new Set(['store_unavailable'])

type Work = (id: string) => Promise<Playbook>
type Asked = Omit<Trouble, 'reason' | 'sure'>

export function usePlaybook(watched: Ref<Watched | null>, where: string, lost: (reason: unknown) => void = () => undefined) {
  const held = shallowRef<Playbook | null>(null)
  const trouble = shallowRef<Trouble | null>(null)
  const { asked, take } = createTurns<Asked & { id: string }>((one, it) => one.id === it.id && one.key === it.key && one.todo === it.todo)
  let abort: AbortController | null = null
  let failed: (() => Promise<boolean>) | null = null
  let over = false
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

  async function act(press: Asked, request: Work): Promise<boolean> {
    const id = watched.value?.id
    return id ? take({ ...press, id }, () => attempt(id, press, request)) : false
  }

  async function attempt(id: string, press: Asked, request: Work): Promise<boolean> {
    try {
      const found = await request(id)
      put(found)
      if (trouble.value?.key === press.key) trouble.value = null
      else compare(found) // another press that was refused is not excused by this one
      return true
    } catch (reason) {
      if (over || id !== watched.value?.id) lost(reason)
      else {
        fail(press, reason)
        failed = () => act(press, request)
        void read(id)
      }
      return false
    }
  }

  function again(): void {
    if (trouble.value && trouble.value.what !== 'read' && failed) void failed()
    else if (watched.value) void read(watched.value.id)
  }

  watch(() => [watched.value?.id, watched.value?.version] as const, ([id], before) => {
    if (id !== before?.[0]) trouble.value = null
    if (id) void read(id)
  }, { immediate: true })
  onScopeDispose(() => {
    over = true
    abort?.abort()
  })

  return {
    book, trouble, again,
    working: computed(() => asked.value[0]?.key ?? null),
    /** Whether this was pressed and is not answered yet. */
    waits: (key: string): boolean => asked.value.some((one) => one.key === key),
    press: (key: string, todo: StepPress['do'], reason = '') => act({ what: 'step', key, todo }, (id) => steps.press(id, key, { do: todo, device, reason })),
    siren: (key: string, todo: SirenAct, confirm = false) => act({ what: 'siren', key, todo, before: book.value?.sirens.find((one) => one.device === key)?.command?.id }, (id) => steps.siren(id, key, todo, confirm)),
  }
}
