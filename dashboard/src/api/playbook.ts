/** The playbook over REST: its steps, its sirens, and the CAP message as a file. */

import { call, one, problem, Refused } from './client'
import type { components } from './rest'

type Schemas = components['schemas']
export type Playbook = Schemas['PlaybookShape']
export type Step = Schemas['StepShape']
export type Siren = Schemas['SirenShape']
export type CallSheet = Schemas['CallSheet']
export type StepPress = Schemas['StepPress']
export type SirenAct = Schemas['SirenPress']['act']

export const steps = {
  read: (id: string, signal?: AbortSignal) => call<Playbook>('GET', `${one(id)}/playbook`, undefined, signal),
  press: (id: string, step: string, body: { do: StepPress['do']; device: string; reason: string }) =>
    call<Playbook>('POST', `${one(id)}/playbook/${encodeURIComponent(step)}`, body),
  siren: (id: string, device: string, act: SirenAct, confirm: boolean) => call<Playbook>('POST', `${one(id)}/sirens/${encodeURIComponent(device)}`, { act, confirm }),
}

/** The CAP message of this moment, and the name under which to keep it. */
export async function cap(id: string): Promise<{ name: string; body: Blob }> {
  const response = await fetch(`/api${one(id)}/cap`, { credentials: 'same-origin' }).catch((cause: unknown) => {
    throw new Refused(0, 'unreachable', String(cause))
  })
  if (!response.ok) throw await problem(response)
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1]
  return { name: name ?? 'cap.xml', body: await response.blob() }
}
