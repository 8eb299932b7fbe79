/** Speaks REST with the api; whatever goes wrong arrives as a `Refused` with an i18n key. */

import type {
  Choice, Circle, Device, DeviceOverview, DispatchAction, DispatchBrief, District, Firmware, IncidentCard, IncidentDetail, Isochrones, Me, Point, Refusal, Rejected, System, Unprotected,
} from './types'
import type { CheckForm, Checks, House, Ranking } from '../safety/types'

export class Refused extends Error {
  constructor(readonly status: number, readonly key: string, detail: string, readonly allowed: string[] = []) {
    super(detail)
  }
}

/** Whatever was thrown, as one: what is none of the api's answers is a server that was not reached. */
export function refusal(thrown: unknown): Refused {
  return thrown instanceof Refused ? thrown : new Refused(0, 'unreachable', String(thrown))
}

type Body = Record<string, unknown>

export async function problem(response: Response): Promise<Refused> {
  const body: unknown = await response.json().catch(() => null)
  const { error, detail, allowed } = (body ?? {}) as { error?: unknown; detail?: unknown; allowed?: unknown }
  const key = typeof error === 'string' ? error : `http_${response.status}`
  return new Refused(response.status, key, typeof detail === 'string' ? detail : response.statusText, Array.isArray(allowed) ? allowed : [])
}

/** So long an answer is waited for, in ms: who presses must know soon, a large layer may take its time. */
const LONGEST_MS = { POST: 10_000, GET: 30_000 }

/** The server's clock against ours, in ms, by the last fresh answer; to a second, which is as good as its Date is. */
export const clocks = { skew: 0 }

function tell(response: Response, sentAt: number): void {
  const date = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(date) || !/no-store/.test(response.headers.get('cache-control') ?? '')) return // an answer that was kept tells an old time
  clocks.skew = date + 500 - (sentAt + Date.now()) / 2
}

/** Fetches; what never comes is given up, whoever asked. */
async function within<T>(ms: number, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController()
  const end = () => ending.abort()
  const clock = setTimeout(end, ms)
  signal?.addEventListener('abort', end)
  if (signal?.aborted) end()
  try {
    return await work(ending.signal)
  } catch (cause) {
    throw cause instanceof Refused ? cause : new Refused(0, 'unreachable', String(cause))
  } finally {
    clearTimeout(clock)
    signal?.removeEventListener('abort', end)
  }
}

export async function call<T>(method: 'GET' | 'POST', path: string, body?: Body, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (method === 'POST') Object.assign(headers, { 'X-Vigil': '1', 'Content-Type': 'application/json' })
  const init: RequestInit = { method, headers, credentials: 'same-origin' }
  if (method === 'POST') init.body = JSON.stringify(body ?? {})
  return within(LONGEST_MS[method], signal, async (ending) => {
    const sentAt = Date.now()
    const response = await fetch(`/api${path}`, { ...init, signal: ending })
    tell(response, sentAt)
    if (!response.ok) throw await problem(response)
    return (response.status === 204 ? undefined : await response.json()) as T
  })
}

export const one = (id: string) => `/incidents/${encodeURIComponent(id)}`

export const api = {
  login: (login: string, password: string) => call<unknown>('POST', '/login', { login, password }),
  logout: () => call<unknown>('POST', '/logout'),
  me: () => call<Me>('GET', '/me'),
  district: () => call<District>('GET', '/district'),
  layer: (name: string) => call<GeoJSON.FeatureCollection>('GET', `/layers/${encodeURIComponent(name)}`),
  incident: (id: string, signal?: AbortSignal) => call<IncidentDetail>('GET', one(id), undefined, signal),
  acknowledge: (id: string, version: number) => call<IncidentDetail>('POST', `${one(id)}/acknowledge`, { version }),
  resolve: (id: string, note: string) => call<IncidentDetail>('POST', `${one(id)}/resolve`, { note }),
  close: (id: string, cause: string, note: string) => call<IncidentDetail>('POST', `${one(id)}/close`, { cause, note }),
  cancel: (id: string, cause: string, note: string) => call<IncidentDetail>('POST', `${one(id)}/cancel`, { cause, note }),
  correctCause: (id: string, cause: string, note: string) => call<IncidentDetail>('POST', `${one(id)}/cause`, { cause, note }),
  raisedSince: (since: Date) => call<IncidentCard[]>('GET', `/incidents?since=${encodeURIComponent(since.toISOString())}`),
  note: (id: string, note: string, drawn: string) => call<IncidentDetail>('POST', `${one(id)}/notes`, { id: drawn, note }),
  bringOut: (id: string, senior: string, out: boolean) => call<IncidentDetail>('POST', `${one(id)}/evacuees/${encodeURIComponent(senior)}`, { out }),
  candidates: (id: string) => call<Choice[]>('GET', `${one(id)}/candidates`),
  dispatch: (id: string, responder: string | null) => call<IncidentDetail>('POST', `${one(id)}/dispatches`, { responder }),
  errand: (id: string, action: DispatchAction, body: Body = {}) =>
    call<DispatchBrief>('POST', `/dispatches/${encodeURIComponent(id)}/${action}`, body),
  isochrone: (code: string, signal?: AbortSignal) =>
    call<Isochrones>('GET', `/responders/${encodeURIComponent(code)}/isochrone`, undefined, signal),
  errands: () => call<IncidentDetail[]>('GET', '/responder/errands'),
  position: ([lon, lat]: Point) => call<unknown>('POST', '/responder/position', { lon, lat }),
  system: () => call<System>('GET', '/system'),
  rejected: () => call<Rejected[]>('GET', '/rejected'),
  devices: (code: string) => call<Device[]>('GET', `/devices?code=${encodeURIComponent(code)}`),
  deviceOverview: () => call<DeviceOverview>('GET', '/devices/overview'),
  firmware: () => call<Firmware[]>('GET', '/firmware'),
  refusals: () => call<Refusal[]>('GET', '/refusals'),
  circle: () => call<Circle>('GET', '/circle'),
  safety: () => call<Ranking>('GET', '/safety'),
  safetyOf: (site: string) => call<House>('GET', `/safety/${encodeURIComponent(site)}`),
  olderChecks: (site: string, before: string) => call<Checks>('GET', `/safety/${encodeURIComponent(site)}/checks?before=${encodeURIComponent(before)}`),
  enterCheck: (site: string, form: CheckForm) => call<House>('POST', `/safety/${encodeURIComponent(site)}/checks`, form),
  withdrawCheck: (id: string, why: string) => call<House>('POST', `/safety/checks/${encodeURIComponent(id)}/withdraw`, { why }),
  devicesAt: (site: string) => call<Device[]>('GET', `/devices?site=${encodeURIComponent(site)}`),
  unprotected: () => call<Unprotected[]>('GET', '/unprotected'),
}
