/** The playbook as it is read and worked: its rows with their keys, what is said aloud, what a siren does. Pure. */

import type { CallSheet, Playbook, Siren, SirenAct, Step } from '../api/playbook'

export interface Row { readonly step: Step; readonly key: string; readonly next: boolean }

/** Digits for the steps that are wanted now, in their order; a tenth has 0, more have none. */
const DIGITS = '1234567890'

export function rowsOf(book: Playbook): Row[] {
  let n = 0
  return book.steps.map((step) => ({ step, key: step.wanted ? (DIGITS[n++] ?? '') : '', next: step.key === book.next }))
}

const SHOWN = 3

/** Folded: the next few open steps, and the last stamp while it can be taken back; all of them fit where nothing needs to scroll. */
export function folded(rows: readonly Row[], now: number): Row[] {
  const open = new Set(rows.filter((row) => !row.step.stamp).slice(0, SHOWN))
  const fresh = rows.filter((row) => undoLeft(row.step, now) > 0).sort((a, b) => Date.parse(b.step.stamp!.at) - Date.parse(a.step.stamp!.at))[0]
  return rows.filter((row) => open.has(row) || row === fresh)
}

/** The steps as they stand under a finger: which, in which order, and which are stamped. */
export const standing = (steps: readonly Step[]): string => steps.map((step) => `${step.key}${step.stamp ? ' stamped' : ''}`).join()

export function progress(book: Playbook): { n: number; m: number } {
  const wanted = book.steps.filter((step) => step.wanted)
  return { n: wanted.filter((step) => step.stamp).length, m: wanted.length }
}

/** What a digit means now: the step of that key among those that are seen, when something may be done to it. */
export function stepOfKey(rows: readonly Row[], key: string): Step | null {
  const row = rows.find((one) => one.key !== '' && one.key === key)
  return row && !row.step.stamp && row.step.allowed.includes('do') ? row.step : null
}

/** Whole seconds in which a stamp can still be taken back; 0 when it cannot. */
export function undoLeft(step: Step, now: number): number {
  const until = step.stamp?.undo_until
  return until ? Math.min(60, Math.max(0, Math.ceil((Date.parse(until) - now) / 1000))) : 0
}

export type SirenState = 'quiet' | 'offline' | 'waiting' | 'silent' | 'sounding' | 'silenced' | 'refused'

export function sirenState(siren: Siren, now: number): { state: SirenState; seconds: number } {
  const command = siren.command
  const left = siren.sounds_until ? (Date.parse(siren.sounds_until) - now) / 1000 : 0
  if (left > 0) return { state: 'sounding', seconds: left }
  if (command && !command.answered_at) {
    return now < Date.parse(command.late_at) ? { state: 'waiting', seconds: Math.max(0, (now - Date.parse(command.at)) / 1000) } : { state: 'silent', seconds: 0 }
  }
  if (command?.answered_at && command.done !== 'siren') return { state: 'refused', seconds: 0 }
  if (command?.act === 'siren_off') return { state: 'silenced', seconds: 0 }
  return { state: siren.online === false ? 'offline' : 'quiet', seconds: 0 }
}

/** Whether this is asked about first: other incidents have the siren sounding. */
export const asksFirst = (it: Siren | undefined, act: SirenAct): boolean => act === 'siren_off' && !!it?.used_by.length

/** What escapes and does not burn, yet: said to 119 as that. */
export const GAS: ReadonlySet<string> = new Set(['co', 'gas', 'gas_co_look'])

export type Say = (key: string, values?: Record<string, unknown>) => string

/** The lines to read aloud to this number, in the language of `say`, which has '' for what it has no words for. */
export function script(number: string, sheet: CallSheet, person: { age: number; sex: string } | null, english: boolean, say: Say): string[] {
  const pick = (zh: string, en: string) => (english ? en || zh : zh)
  const site = pick(sheet.site_zh, sheet.site_en)
  const where = sheet.zones.map((zone) => say('call.floor', { zone: pick(zone.name_zh, zone.name_en), n: zone.floor })).join(english ? ', ' : '、')
  const entrance = pick(sheet.entrance_zh, sheet.entrance_en)
  const lines = [
    say(number === '119' && sheet.kinds.every((kind) => GAS.has(kind)) ? 'call.open.119.gas' : `call.open.${number}`),
    say('call.address', { address: sheet.address, site }),
    say('call.what', { what: sheet.kinds.map((kind) => say(`call.kind.${kind}`) || say(`brief.${kind}`)).join(english ? ', ' : '、') }),
    where ? say('call.where', { where }) : '',
    person ? say('call.person', { age: person.age, sex: say(`person.sex.${person.sex}`) }) : '',
    number === '119' && sheet.floors > 1 ? say('call.floors', { n: sheet.floors }) : '',
    number === '119' ? say('call.people', { n: sheet.residents, m: sheet.reduced_mobility }) : '',
    number === '119' && sheet.zones.length && sheet.residents_in_zones ? say('call.people.near', { n: sheet.residents_in_zones, m: sheet.reduced_mobility_in_zones }) : '',
    entrance ? say('call.entrance', { entrance }) : say('call.entrance.none'),
    sheet.callback ? say('call.back', { phone: sheet.callback }) : '',
  ]
  return lines.filter((line) => line !== '')
}

/** What this is clicked on, as it calls itself in the stamp: the same name for as long as the browser remembers. */
export function deviceName(storage: Pick<Storage, 'getItem' | 'setItem'> | undefined, where: string, platform: string): string {
  const known = storage?.getItem('vigil.device')
  const mark = known ?? Math.random().toString(16).slice(2, 6)
  if (!known) storage?.setItem('vigil.device', mark)
  return [where, platform, mark].filter((part) => part !== '').join(' · ').slice(0, 60)
}
