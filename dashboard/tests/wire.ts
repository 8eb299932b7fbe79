/** A browser's socket and address for the store, outside of a browser: it never opens. */

import { type EffectScope, effectScope } from 'vue'
import type { District, Me } from '../src/api/types'
import { createStore, type Store } from '../src/live/store'
import { SITE } from './build'

export const ME: Me = { login: 'duty', name: '赵敏', role: 'duty', scope: '120105', responder: null, demo: true }
export const DISTRICT: District = {
  code: '120105', name_zh: '河北区', name_en: 'Hebei District', timezone: 'Asia/Shanghai', demo: true,
  areas: [{ code: '120105008', name_zh: '王串场', name_en: 'Wangchuanchang', parent: '120105', level: 'subdistrict' }],
  sites: [
    { code: SITE.code, kind: 'home', name_zh: SITE.name_zh, name_en: SITE.name_en, area: SITE.area, lon: SITE.lon, lat: SITE.lat, beds: 0 },
    { code: 'inst01', kind: 'institution', name_zh: '和光养老院', name_en: 'Heguang Care Home', area: SITE.area, lon: SITE.lon, lat: SITE.lat, beds: 96 },
  ],
  layers: [], colleagues: { duty: '赵敏', chief: '钱峰' }, causes: ['real_emergency', 'test', 'other'],
}

export class DeadSocket {
  static readonly OPEN = 1
  static readonly CONNECTING = 0
  readyState = 0
  send(): void { throw new Error('it never opens') }
  close(): void { this.readyState = 3 }
}

export function storeFor(me: Partial<Me> = {}): { store: Store; scope: EffectScope } {
  Object.assign(globalThis, { WebSocket: DeadSocket, location: { protocol: 'http:', host: 'x', pathname: '/' } })
  const scope = effectScope()
  const store = scope.run(() => createStore({ ...ME, ...me }, DISTRICT, () => undefined))!
  return { store, scope }
}
