import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSSRApp, type EffectScope, nextTick, ref, shallowRef } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { createI18n } from 'vue-i18n'
import openapi from '../src/api/openapi.json'
import type { Device, DeviceOverview } from '../src/api/types'
import DevicesPage from '../src/devices/DevicesPage.vue'
import { EVERYTHING, inPlace, wantedDevice, wantedPerson } from '../src/devices/filter'
import { MESSAGES } from '../src/i18n'
import { STORE, type Store } from '../src/live/store'
import { at, card, SITE, T0 } from './build'
import { storeFor } from './wire'

const held = vi.hoisted(() => ({ value: null as unknown }))
vi.mock('../src/devices/useDevices', () => ({ useDevices: () => held.value }))

const device = (over: Partial<Device> = {}): Device => ({
  code: 'sos-h0001', profile: 'sos_button', area: SITE.area, site: SITE.code, zone: '', senior: 's1', gateway: '', firmware: '', enrolled_at: at(-9e5),
  online: null, online_at: null, seen_at: at(-10800), telemetry_at: null, event_at: null, test_at: null, battery: null, battery_at: null, signal: null,
  signal_at: null, clock_wrong_at: null, silent: true, state: 'silent', doubtful: null, ...over,
})
const page = (over: Partial<DeviceOverview> = {}): DeviceOverview => ({
  at: at(-5), listening_since: at(-86400), devices: 4, fine: 3, not_yet_known: 0, states: { fine: 3, silent: 1 }, unknown_residents: 0, worth_a_look: [],
  unprotected: [{ senior: card().senior!, site: SITE, why: 'silent', devices: ['sos-h0001'], since: at(-10800), phone: '022-1' }],
  silent: [{ site: SITE.code, gateway: 'gw-1', silent: 1, devices: 3, since: at(-10800) }], troubled: [device()], doubtful: 0, nuisances: [], sites: [SITE], ...over,
})

let store: Store
let scope: EffectScope
async function said(shown: DeviceOverview | null, more: Record<string, unknown> = {}, locale: 'zh' | 'en' = 'zh', role: 'duty' | 'admin' = 'duty'): Promise<string> {
  const made = storeFor({ role })
  ;({ store, scope } = made)
  held.value = { page: shallowRef(shown), firmware: shallowRef([]), refusals: shallowRef([]), found: shallowRef(null), refused: shallowRef(null), filter: ref({ ...EVERYTHING }), ...more }
  const app = createSSRApp(DevicesPage)
  app.use(createI18n({ legacy: false, locale, messages: MESSAGES, messageResolver: (all, key) => (all as Record<string, string>)[key] ?? null }))
  app.provide(STORE, store)
  const markup = await renderToString(app)
  scope.stop()
  return markup.replace(/<!--.*?-->/g, '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
}

beforeEach(() => { vi.useFakeTimers({ now: T0 }) })
afterEach(() => { vi.useRealTimers() })

describe('the devices page', () => {
  it('says who, where, why, since when, and whom to call', async () => {
    const text = await said(page())
    for (const part of ['李** 86 岁', '022-1', '设备静默', '网关 gw-1', '3 台中 1 台', 'sos-h0001', '静默']) expect(text).toContain(part)
  })
  it('unknown is unknown, in both languages', async () => {
    expect((await said(page({ silent: [], unprotected: [] }))).match(/未知/g)!.length).toBeGreaterThanOrEqual(5)
    expect(await said(page(), {}, 'en')).toMatch(/Silent .*unknown/)
  })
  it('every value has its age', async () => {
    const text = await said(page({ troubled: [device({ battery: 11, battery_at: at(-7200), signal: -88, signal_at: at(-120), online: true, online_at: at(-60) })] }))
    for (const part of ['11 % 120 分钟前', '-88 dBm', '已连接']) expect(text.replace('2 小时', '120 分钟')).toContain(part)
  })
  it('a value that is not to be trusted says so in a word and a sign, with the reason', async () => {
    const doubtful = { since: at(-3600), metrics: ['smoke_obscuration'], reasons: [{ rule: 'fault_dirty', value: 3.4, limit: 2.5, unit: '%/m', source: 'ours' }] }
    const text = await said(page({ doubtful: 1, troubled: [device({ code: 'smoke-1', state: 'fine', doubtful })] }))
    for (const part of ['⚠ 数值存疑 1', '⚠ 数值存疑：烟雾遮光']) expect(text).toContain(part)
  })
  it('what called for nothing is counted, and the task that came of it has its age', async () => {
    const row = { device: 'smoke-1', profile: 'smoke_detector', area: SITE.area, site: SITE.code, nuisances: 4, real: 1, last: at(-600), due: true, incident: 'i9', task_at: at(-7200) }
    const text = await said(page({ nuisances: [row, { ...row, device: 'smoke-2', nuisances: 1, due: false, incident: null, task_at: null }] }))
    for (const part of ['误报 4 次 · 真实 1 次', '已派工', 'smoke-2', '未到派工次数']) expect(text).toContain(part)
  })
  it('just started, nobody is counted and it is said', async () => {
    const text = await said(page({ unprotected: [], troubled: [], silent: [], listening_since: at(-60), not_yet_known: 4, unknown_residents: 2, states: { not_yet_known: 4 } }))
    for (const part of ['尚不清楚 4', '尚不能判断的老人 2 位']) expect(text).toContain(part)
    expect(await said(page({ listening_since: null }))).toContain('没有进程在接收设备消息')
  })
  it('what the broker refused is for administrators', async () => {
    const refusals = shallowRef([{ hour: at(0), kind: 'publish', device: '', area: '', site: '', subject: 'care.v1', first_at: at(0), last_at: at(0), times: 3 }])
    expect(await said(page(), { refusals }, 'zh', 'admin')).toMatch(/未登记的名称 冒名发布 care\.v1 × 3/)
    expect(await said(page(), { refusals })).not.toContain('冒名发布')
  })
  it('before the first reading it says that it reads', async () => {
    expect(await said(null)).not.toContain('在用设备')
    await nextTick()
  })
})

describe('filters', () => {
  const it_ = { area: '120105008', site: 'h0001', code: 'sos-h0001', profile: 'sos_button' }
  it.each([
    [{}, true], [{ area: '120105' }, true], [{ area: '120106' }, false], [{ site: 'h0001' }, true], [{ site: 'h000' }, false],
    [{ profile: 'sos_button' }, true], [{ profile: 'wearable' }, false], [{ code: ' SOS-H ' }, true], [{ code: 'x' }, false],
  ])('%j', (over, expected) => expect(wantedDevice(it_, { ...EVERYTHING, ...over })).toBe(expected))
  it('a person is found by his place or any of his devices', () => {
    const person = { site: SITE, devices: ['sos-h0001', 'wear-h0001'] }
    expect(wantedPerson(person, { ...EVERYTHING, code: 'WEAR' })).toBe(true)
    expect(wantedPerson(person, { ...EVERYTHING, code: 'radar' })).toBe(false)
    expect(inPlace({ area: SITE.area, site: SITE.code }, { ...EVERYTHING, site: 'inst01' })).toBe(false)
  })
})

describe('words', () => {
  it('of every state of a device and every refusal', () => {
    const states = openapi.components.schemas.DeviceShape.properties.state.enum
    for (const state of states) expect(MESSAGES.zh[`devicestate.${state}`], state).toBeTruthy()
    for (const kind of ['publish', 'subscribe', 'unknown_device', 'wrong_token', 'not_mqtt', 'reserved_client_id', 'client_id_of_another']) expect(MESSAGES.zh[`refusal.${kind}`]).toBeTruthy()
  })
})
