/** The JSON of REST and websocket by name, from what is generated of the api (`npm run types`). */

import type { ClientMessage as Said, Figures, Press, ServerMessage as Heard } from './live'
import type { components } from './rest'

type Schemas = components['schemas']

/** The schema gives `type` a default and so leaves it optional; on the wire it is always there. */
type Told<T> = T extends { type?: infer Name } ? Omit<T, 'type'> & { type: NonNullable<Name> } : never

export type ServerMessage = Told<Heard>
export type ClientMessage = Told<Said>
export type { Figures, Press }
export type AlarmShape = Schemas['AlarmShape']
export type AreaShape = Schemas['AreaShape']
export type Choice = Schemas['Choice']
export type ChoiceReason = Schemas['ChoiceReason']
export type Circle = Schemas['CircleShape']
export type Curve = Schemas['Curve']
export type Device = Schemas['DeviceShape']
export type DeviceOverview = Schemas['DeviceOverview']
export type Evacuee = Schemas['EvacueeShape']
export type Fire = Schemas['FireShape']
export type FireZone = Schemas['FireZone']
export type DispatchBrief = Schemas['DispatchBrief']
export type DispatchDetail = Schemas['DispatchDetail']
export type District = Schemas['DistrictShape']
export type Firmware = Schemas['FirmwareShape']
export type Health = Schemas['Health']
export type IncidentCard = Schemas['IncidentCard']
export type IncidentDetail = Schemas['IncidentDetail']
export type Isochrones = Schemas['Isochrones']
export type Me = Schemas['Me']
export type Probe = Schemas['ProbeShape']
export type ProbeTry = Schemas['ProbeTry']
export type ReasonShape = Schemas['ReasonShape']
export type Refusal = Schemas['RefusalShape']
export type Rejected = Schemas['RejectedShape']
export type ResponderPlace = Schemas['ResponderPlace']
export type SeniorPrivate = Schemas['SeniorPrivate']
export type SiteBrief = Schemas['SiteBrief']
export type SitePoint = Schemas['SitePoint']
export type System = Schemas['SystemShape']
export type TrailLine = Schemas['TrailLine']
export type Unprotected = Schemas['UnprotectedShape']

export type DispatchAction = DispatchBrief['allowed'][number]
export type DispatchState = DispatchBrief['state']
export type Hazard = IncidentCard['hazard']
export type Role = Me['role']
export type State = IncidentCard['state']
export type Point = DispatchDetail['route'][number]
