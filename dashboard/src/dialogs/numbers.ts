/** Whom to telephone about an incident, nearest to the trouble first. Pure. */

import type { IncidentCard, IncidentDetail } from '../api/types'

export interface Line { readonly who: string; readonly role: string; readonly phone: string }

export interface Numbers { readonly emergency: readonly ('119' | '120')[]; readonly lines: readonly Line[] }

type Words = { name: (it: IncidentCard['site']) => string; said: (key: string, fallback: string) => string }

/** In a drill there are no public emergency numbers: nobody is to call them. */
export function numbers(card: IncidentCard, detail: IncidentDetail | null, { name, said }: Words): Numbers {
  const fire = card.hazard === 'fire' || card.hazard === 'gas_co'
  const real = !card.drill && card.hazard !== 'technical'
  const emergency = !real ? [] : fire ? (['119', '120'] as const) : (['120', '119'] as const)
  const own = detail?.private
  const senior = own?.phone ? [{ who: own.name, role: said('dialog.call.senior', ''), phone: own.phone }] : []
  const site = detail?.site_phone ? [{ who: name(card.site), role: said('dialog.call.site', ''), phone: detail.site_phone }] : []
  const contacts = (own?.contacts ?? []).map((one) => ({ who: one.name, role: said(`relation.${one.relation}`, one.relation), phone: one.phone }))
  const sent = [...card.dispatches].reverse().flatMap((one) => {
    const phone = detail?.phones[one.responder]
    return phone ? [{ who: one.responder_name, role: said(`dispatch.${one.state}`, one.state), phone }] : []
  })
  return { emergency, lines: [...senior, ...site, ...contacts, ...unique(sent)] }
}

function unique(lines: readonly Line[]): Line[] {
  return lines.filter((line, i) => lines.findIndex((one) => one.phone === line.phone) === i)
}
