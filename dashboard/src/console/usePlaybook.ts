/** One incident's playbook, read again whenever the incident's version grows; what was last read stays. */

import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { Refused } from '../api/client'
import { type Playbook, type SirenAct, steps } from '../api/playbook'
import { deviceName } from './playbook'

export interface Watched { readonly id: string; readonly version: number }

export function usePlaybook(watched: Ref<Watched | null>, where: string) {
  const held = shallowRef<Playbook | null>(null)
  const trouble = shallowRef<Refused | null>(null)
  const working = ref<string | null>(null)
  let abort: AbortController | null = null
  const device = deviceName(globalThis.localStorage, where, globalThis.navigator?.platform ?? '')
  const book = computed(() => (held.value?.incident === watched.value?.id ? held.value : null))

  function put(found: Playbook): void {
    if (found.incident !== watched.value?.id) return
    if (held.value?.incident === found.incident && held.value.version > found.version) return
    held.value = found
    trouble.value = null
  }

  function refuse(reason: unknown): void {
    trouble.value = reason instanceof Refused ? reason : new Refused(0, 'unreachable', String(reason))
  }

  async function read(id: string): Promise<void> {
    abort?.abort()
    abort = new AbortController()
    const { signal } = abort
    await steps.read(id, signal).then(put, (reason: unknown) => { if (!signal.aborted) refuse(reason) })
  }

  /** One request at a time: a second click while the first is on its way is the same click. */
  async function act(what: string, request: (id: string) => Promise<Playbook>): Promise<boolean> {
    const id = watched.value?.id
    if (!id || working.value) return false
    working.value = what
    try {
      put(await request(id))
      return true
    } catch (reason) {
      refuse(reason)
      return false
    } finally {
      working.value = null
    }
  }

  watch(() => [watched.value?.id, watched.value?.version] as const, ([id]) => { if (id) void read(id) }, { immediate: true })
  onScopeDispose(() => abort?.abort())

  return {
    book, trouble, working,
    press: (step: string, todo: 'do' | 'skip' | 'undo', reason = '') => act(step, (id) => steps.press(id, step, { do: todo, device, reason })),
    siren: (code: string, what: SirenAct) => act(code, (id) => steps.siren(id, code, what)),
    again: () => { if (watched.value) void read(watched.value.id) },
  }
}

export type PlaybookLink = ReturnType<typeof usePlaybook>
