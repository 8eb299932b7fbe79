/** Who is meant. Who acted stands in trails by login, whom it was about by code: two keys, never mixed, since both are free text. Pure. */

import type { District, IncidentDetail, Me } from '../api/types'

export type Names = ReadonlyMap<string, string>

/** By login: one's colleagues, where the server names them, and oneself. */
export function byLogin(district: Pick<District, 'colleagues'>, me: Pick<Me, 'login' | 'name'>): Names {
  return new Map([...Object.entries(district.colleagues), [me.login, me.name]])
}

/** By code: the responders who were sent to an incident, and whom its fire concerns. */
export function byCode(detail: Pick<IncidentDetail, 'dispatch_list' | 'fire'>): Names {
  return new Map([
    ...detail.dispatch_list.map((one): [string, string] => [one.responder, one.responder_name]),
    ...(detail.fire?.evacuees ?? []).map((one): [string, string] => [one.senior.code, one.name]),
  ])
}
