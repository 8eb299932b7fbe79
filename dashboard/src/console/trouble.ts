/** What went wrong with a playbook, and how that is said: what was pressed, why it failed, and whether that is known at all. */

import type { Refused } from '../api/client'
import type { Playbook, SirenAct, StepPress } from '../api/playbook'
import { useWords } from '../format/words'

/**
 * `key` of the step or the siren's device; `todo` '' of a reading. `sure` false: no answer came, so it may have been done.
 * `before`: the command that the siren had when it was pressed.
 */
export interface Trouble {
  readonly what: 'read' | 'step' | 'siren'
  readonly key: string
  readonly todo: StepPress['do'] | SirenAct | ''
  readonly reason: Refused
  readonly sure: boolean
  readonly before?: string | undefined
}

/** Whether the playbook shows what was pressed: then it was done, by this press or by somebody else's. */
export function reached(it: Pick<Trouble, 'what' | 'key' | 'todo' | 'before'>, book: Playbook): boolean {
  if (it.what === 'siren') {
    const command = book.sirens.find((one) => one.device === it.key)?.command
    return !!command && command.act === it.todo && command.id !== it.before
  }
  const step = book.steps.find((one) => one.key === it.key)
  return !!step && (it.todo === 'undo' ? !step.stamp : !!step.stamp)
}

export function useTrouble() {
  const { t, said, name, unread } = useWords()

  function place(device: string, book: Playbook | null): string {
    const siren = book?.sirens.find((one) => one.device === device)
    return (siren && name({ name_zh: siren.zone_zh, name_en: siren.zone_en })) || device
  }

  return function told(it: Trouble, book: Playbook | null): string {
    const why = unread(it.reason)
    if (it.what === 'read') return t(book ? 'playbook.stale' : 'playbook.unread', { why })
    if (it.what === 'siren') return t(it.sure ? 'siren.failed' : 'siren.unsure', { what: place(it.key, book), why })
    return t(!it.sure ? 'playbook.unsure' : it.todo === 'undo' ? 'playbook.undo.failed' : 'playbook.failed', { what: said(`step.${it.key}`, it.key), why })
  }
}
