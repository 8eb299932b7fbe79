import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Component, createSSRApp, type EffectScope } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { createI18n } from 'vue-i18n'
import { Refused } from '../src/api/client'
import type { DispatchBrief, DispatchDetail, IncidentDetail, Me } from '../src/api/types'
import ActionBar from '../src/console/ActionBar.vue'
import BottomBar from '../src/console/BottomBar.vue'
import { createDesk, DESK, type Desk } from '../src/console/desk'
import { createDetail } from '../src/console/detail'
import EvacuationBox from '../src/console/EvacuationBox.vue'
import FireBox from '../src/console/FireBox.vue'
import PersonHead from '../src/console/PersonHead.vue'
import QueueCard from '../src/console/QueueCard.vue'
import QueuePanel from '../src/console/QueuePanel.vue'
import RefusedLine from '../src/console/RefusedLine.vue'
import TopBar from '../src/console/TopBar.vue'
import TrailBox from '../src/console/TrailBox.vue'
import WhyBox from '../src/console/WhyBox.vue'
import WhyHim from '../src/console/WhyHim.vue'
import CauseConfirm from '../src/dialogs/CauseConfirm.vue'
import CauseDialog from '../src/dialogs/CauseDialog.vue'
import { MESSAGES } from '../src/i18n'
import { STORE, type Store } from '../src/live/store'
import { EMPTY, reduce } from '../src/live/board'
import { at, card, reading, FIGURES, HEALTH, item, press, SITE, T0 } from './build'
import { storeFor } from './wire'
import { items } from '../src/queue/items'

let store: Store
let scope: EffectScope

function begin(me: Partial<Me> = {}): void {
  const made = storeFor(me)
  store = made.store
  scope = made.scope
}

async function html(page: Component, props: Record<string, unknown>, locale: 'zh' | 'en' = 'zh', desk?: Desk): Promise<string> {
  const app = createSSRApp(page, props)
  app.use(createI18n({ legacy: false, locale, messages: MESSAGES, messageResolver: (all, key) => (all as Record<string, string>)[key] ?? null }))
  app.provide(STORE, store)
  app.provide(DESK, desk ?? scope.run(() => createDesk(store, createDetail(store)))!)
  return (await renderToString(app)).replace(/<!--.*?-->/g, '')
}

const text = (markup: string) => markup.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
const sent = (over: Partial<DispatchBrief> = {}): DispatchBrief => ({
  id: 'd1', responder: 'r1', responder_name: '孟强', responder_kind: 'nurse', vehicle: 'ebike', state: 'en_route', offered_at: at(0), deadline_at: at(60),
  travel_s: 250, eta_at: at(240), allowed: ['arrive', 'recall'], ...over,
})
const whole = (over: Partial<IncidentDetail> = {}): IncidentDetail => ({ card: card(), private: null, site_phone: '', phones: {}, alarm_list: [], trail: [], dispatch_list: [], curves: [], fire: null, ...over })

beforeEach(() => {
  vi.useFakeTimers({ now: T0 })
  begin()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('people', () => {
  it('are named in the trail and on the card, not by their logins; an unknown login stands for itself', async () => {
    const line = (actor: string, id: number) => ({ id, at: at(id), kind: 'acknowledged', actor, data: {}, cost_s: null, target_s: null })
    const said = text(await html(TrailBox, { detail: whole({ trail: [line('chief', 1), line('someone', 2)] }) }))
    expect(said).toContain('钱峰 确认')
    expect(said).toContain('someone 确认')
    expect(text(await html(QueueCard, { item: item('a', { state: 'acknowledged', acknowledged_by: 'chief' }), selected: false }))).toContain('钱峰')
  })
  it('a login and the code of a responder may be the same word and two people', async () => {
    const errand = { ...sent({ responder: 'chief', responder_name: '孟强' }), route: [], distance_m: 1, accepted_at: null, en_route_at: null, arrived_at: null, entered_at: null, ended_at: null, ranking: [] }
    const trail = [{ id: 1, at: at(1), kind: 'acknowledged', actor: 'chief', data: {}, cost_s: null, target_s: null }, { id: 2, at: at(2), kind: 'offered', actor: 'duty', data: { responder: 'chief' }, cost_s: null, target_s: null }]
    const said = text(await html(TrailBox, { detail: whole({ trail, dispatch_list: [errand] }) }))
    expect(said).toContain('钱峰 确认')
    expect(said).toContain('派单 孟强')
  })
})

describe('a card', () => {
  it('says what, where, who and how it stands; the name as the server masks it', async () => {
    const said = text(await html(QueueCard, { item: item('a'), selected: false }))
    for (const part of ['紧急呼叫', '王串场', '金鹏里7-2-402', '李** 86 岁', '未确认']) expect(said).toContain(part)
  })
  it('names a confirmed fire first and what only asks for a look last', async () => {
    const fire = item('a', { hazard: 'fire', kind: 'heat', kinds: ['fire_confirmed', 'fire_look', 'heat', 'smoke'] })
    expect(text(await html(QueueCard, { item: fire, selected: false }))).toContain('火情确认 + 高温 + 烟雾')
  })
  it('carries shape and word of its priority, so that colour never speaks alone', async () => {
    for (const [priority, shape, word] of [[1, 'polygon', '紧急'], [2, 'polygon', '高'], [3, 'polygon', '中'], [4, 'circle', '低']] as const) {
      const markup = await html(QueueCard, { item: item('a', { priority }), selected: false })
      expect(markup).toContain(`<${shape} class="${shape === 'circle' ? 'ring' : 'body'}"`)
      expect(markup).toContain(`aria-label="${word}"`)
    }
  })
  it('marks what is late, merged, a drill, and not yet stored', async () => {
    const [heard] = items({ incidents: new Map(), presses: new Map([['p', press({ at: at(-840) })]]) })
    expect(text(await html(QueueCard, { item: heard, selected: false }))).toMatch(/尚未入库.*迟到 14 分钟/)
    expect(text(await html(QueueCard, { item: item('a', { drill: true, alarms: 6 }), selected: false }))).toMatch(/演练.*已合并 6/)
  })
  it('says who comes and when, or by how much he is overdue', async () => {
    const it_ = item('a', { state: 'dispatched', dispatches: [sent()] })
    expect(text(await html(QueueCard, { item: it_, selected: false }))).toContain('→ 孟强 途中 · 预计 4 分钟')
    const late = item('a', { state: 'dispatched', dispatches: [sent({ eta_at: at(-120) })] })
    expect(text(await html(QueueCard, { item: late, selected: false }, 'en'))).toContain('→ 孟强 en route · 2 min overdue')
  })
  it('an ended errand is nobody on the way', async () => {
    const it_ = item('a', { state: 'acknowledged', acknowledged_by: 'duty', dispatches: [sent({ state: 'recalled' })] })
    const said = text(await html(QueueCard, { item: it_, selected: false }))
    expect(said).not.toContain('孟强')
    expect(said).toContain('赵敏')
  })
  it('who declined is named, and somebody else is asked for', async () => {
    const it_ = item('a', { state: 'acknowledged', acknowledged_by: 'duty', dispatches: [sent({ state: 'declined' })], allowed: ['dispatch'] })
    expect(await html(QueueCard, { item: it_, selected: false })).toMatch(/class="chip bad"[^>]*>孟强 已谢绝/)
    expect(text(await html(ActionBar, { item: it_ }))).toContain('改派')
  })
})

describe('the person', () => {
  it('needs that change what one does are amber; living alone is not', async () => {
    const senior = { ...card().senior!, tags: ['lives_alone', 'anticoagulant'] }
    const markup = await html(PersonHead, { card: card({ senior }), stored: true, private: null })
    expect(markup).toMatch(/class="chip warn"[^>]*>抗凝药/)
    expect(markup).toMatch(/class="chip"[^>]*>独居/)
    expect(markup).toMatch(/class="chip warn"[^>]*>中度失能/)
  })
  it('the whole name only where the server gave it', async () => {
    const priv = { name: '李秀英', phone: '1', key_holder: '物业', key_note: '', contacts: [] }
    expect(text(await html(PersonHead, { card: card(), stored: true, private: priv }))).toContain('李秀英 · 女 · 86 岁')
    expect(text(await html(PersonHead, { card: card(), stored: true, private: null }))).toContain('李** · 女 · 86 岁')
  })
  it('a facility is named with its beds', async () => {
    const site = { ...SITE, code: 'inst01', kind: 'institution' as const, name_zh: '和光养老院', address: '王串场街道民生路1号' }
    expect(text(await html(PersonHead, { card: card({ site, senior: null, hazard: 'fire', kind: 'smoke', kinds: ['smoke', 'co'] }), stored: true, private: null }))).toMatch(/烟雾 \+ CO.*养老机构.*96 张床位.*和光养老院/)
  })
})

describe('why, the trail, and who', () => {
  const alarm = {
    id: 'x', source: 'smoke-1', device: 'smoke-1', profile: 'smoke_detector', kind: 'smoke', priority: 1, state: 'active', at: at(0), received_at: at(0), stored_at: at(0),
    cleared_at: null, ended_at: null, late_s: 0, rule_version: 'smoke_level/1', evidence: {}, reasons: [{ rule: 'smoke_over', value: 12.4, limit: 10, unit: '%/m', source: 'EN 54-7' }],
  }
  it('a reason has its value, its limit and its source', async () => {
    const said = text(await html(WhyBox, { alarms: [alarm], curves: [], ageing: 0 }))
    for (const part of ['烟雾 12.4 %/m，达到报警限 10 %/m', 'EN 54-7', 'smoke_level/1', '报警条件仍在']) expect(said).toContain(part)
  })
  it('a value is never shown as now', async () => {
    const curves = [reading({ metric: 'heart_rate', unit: '1/min', points: [[T0, 88]] })]
    expect(text(await html(WhyBox, { alarms: [alarm], curves, ageing: 3 }))).toContain('心率 88 次/分 15 秒前的值')
  })
  it('each stamp says what it cost; what cost too much is marked', async () => {
    const line = (id: number, kind: string, s: number, cost_s: number | null, target_s: number | null, actor = 'system', data = {}) => ({ id, at: at(s), kind, actor, data, cost_s, target_s })
    const trail = [
      line(1, 'raised', 0, null, null, 'device:sos-1', { kind: 'sos', battery: 71 }), line(2, 'stored', 0.019, 0.019, 1),
      line(3, 'acknowledged', 11.9, 11.9, 60, 'duty'), line(4, 'offered', 120, 108, 90, 'duty', { responder: 'r1' }), line(5, 'closed', 130, 10, 3600, 'duty', { cause: 'test' }),
    ]
    const dispatch: DispatchDetail = { ...sent(), route: [], distance_m: 1, accepted_at: null, en_route_at: null, arrived_at: null, entered_at: null, ended_at: null, ranking: [] }
    const markup = await html(TrailBox, { detail: whole({ trail, dispatch_list: [dispatch] }) })
    const said = text(markup)
    for (const part of ['03:12:47.000 按下按钮 电量 71 %', '03:12:47.019 已入库 19 毫秒', '赵敏 确认 11.9 秒 · 目标 60 秒', '派单 孟强 1 分 48 秒 · 目标 90 秒', '赵敏 结案：测试']) expect(said).toContain(part)
    expect(markup.match(/class="aside late"/g)).toHaveLength(1)
  })
  it('the losers and why they lost; a recall only where it is allowed and only for who acts', async () => {
    const choice = (responder: string, name: string, rule: string, value: number | null, chosen = false) => ({
      responder, name, kind: 'nurse', vehicle: 'ebike', skills: [], travel_s: 250, distance_m: 1, from_station: false, able: true, chosen, reasons: [{ rule, value, unit: 's' }],
    })
    const ranking = [choice('r1', '孟强', 'assign.nearest', 250, true), choice('r2', '王立', 'assign.further', 52), choice('r3', '赵海', 'assign.further', 150), choice('r4', '刘', 'assign.busy', null)]
    const dispatch: DispatchDetail = { ...sent(), route: [], distance_m: 1, accepted_at: null, en_route_at: null, arrived_at: null, entered_at: null, ended_at: null, ranking }
    const detail = whole({ card: card({ dispatches: [sent()] }), dispatch_list: [dispatch] })
    const said = text(await html(WhyHim, { detail }))
    for (const part of ['为何派 孟强', '最近且空闲', '王立', '远 52 秒', '远 2 分 30 秒', '另外 1 位', '召回']) expect(said).toContain(part)
    scope.stop()
    begin({ role: 'regulator' })
    expect(text(await html(WhyHim, { detail }))).not.toContain('召回')
  })
  it('what a responder tells by telephone is written down step by step', async () => {
    const list = [{ ...sent({ allowed: ['depart', 'recall'] }), route: [], distance_m: 1, accepted_at: null, en_route_at: null, arrived_at: null, entered_at: null, ended_at: null, ranking: [] }]
    const said = text(await html(WhyHim, { detail: whole({ dispatch_list: list }) }))
    expect(said).toContain('代记出发')
    expect(said).not.toContain('代记到达')
  })
  it('four buttons with their keys', async () => {
    const markup = await html(ActionBar, { item: item('a', { allowed: ['acknowledge', 'cancel'] }) })
    expect(markup.match(/data-action=/g)).toHaveLength(4)
    expect(markup).toMatch(/class="btn go"[^>]*data-action="acknowledge"/)
  })
})

describe('a refusal', () => {
  it('says of which incident it is where another one is looked at by now', async () => {
    const desk = scope.run(() => createDesk(store, createDetail(store)))!
    const shown = async () => text(await html(RefusedLine, {}, 'zh', desk))
    store.selected.value = 'i2'
    desk.refuse(new Refused(409, 'already_acknowledged', ''), card({ id: 'i2' }))
    expect(await shown()).toContain(' 已由他人确认')
    desk.refuse(new Refused(409, 'already_acknowledged', ''), card())
    expect(await shown()).toContain('紧急呼叫，金鹏里7-2-402：已由他人确认')
  })
})

describe('a fire', () => {
  const room = (code: string) => ({ code, kind: 'room', name_zh: `${code}室`, name_en: `Room ${code}`, floor: 1 })
  const reason = { rule: 'smoke_over', value: 12.4, limit: 10, unit: '%/m', source: 'EN 54-7 [M]' }
  const alarm = (kind: string, zone: string, s: number, reasons = [reason]) => ({
    id: kind + zone, source: zone, device: `smoke-${zone}`, profile: 'smoke_detector', zone, kind, priority: 1, state: 'active', at: at(s), received_at: at(s), stored_at: at(s),
    cleared_at: null, ended_at: null, late_s: 0, rule_version: 'smoke_level/1', evidence: {}, reasons,
  })
  const zone = (order: number, code: string, s: number) => ({ order, zone: room(code), at: at(s), kinds: ['smoke'], devices: [`smoke-${code}`], stands: true, reasons: [reason] })
  const person = { senior: { code: 's9', name: '李**', sex: 'f', age: 86, tags: [], ability_level: 4 }, name: '李秀英', bed: room('101'), order: 1, reduced_mobility: true, aids: ['evacuation_sheet'], out_at: null, out_by: '' }
  const doubt = { rule: 'fault_dirty', value: 3.4, limit: 2.5, unit: '%/m', source: 'ours' }
  const curves = [reading({ zone: '101', metric: 'smoke_obscuration', unit: '%/m', points: [[T0, 3], [T0 + 9000, 12.4]], limit: 10, limit_source: 'EN 54-7 [M]', doubtful: [doubt] })]
  const burning = (zones = [zone(1, '101', 0), zone(2, '102', 28)]) => whole({
    card: card({ hazard: 'fire', kind: 'smoke', kinds: ['smoke'], senior: null }), alarm_list: [alarm('smoke', '101', 0), alarm('smoke', '102', 28)], curves, fire: { instruction: 'evacuate', zones, evacuees: [person] },
  })
  it('says what to do, which zone went when, and by which criterion', async () => {
    const said = text(await html(FireBox, { detail: burning(), ageing: 0 }))
    for (const part of ['火情已确认', '尚未撤出 1 / 1 人', '需搬抬或搀扶 1 人', '1 101室 1 层', '03:12:47', '2 102室 1 层', '+28 秒', '烟雾 12.4 %/m，达到报警限 10 %/m', '存疑']) expect(said).toContain(part)
  })
  it('one zone alone is told whole: its standard, its limit, the age of each value and the doubt in words', async () => {
    const markup = await html(FireBox, { detail: burning([zone(1, '101', 0)]), ageing: 3 })
    for (const part of ['EN 54-7', '限 10 %/m', '15 秒前的值', '⚠ 存疑', 'smoke_level/1']) expect(text(markup)).toContain(part)
    expect(markup).toContain('探测腔污染')
    expect(markup).toContain('class="doubt"')
    expect(markup).not.toContain('[M] ')
  })
  it('what may be a nuisance is said with its confidence and still asks for a look', async () => {
    const check = alarm('smoke_check', '101', 1, [{ ...reason, rule: 'looks_like_cooking' }, { ...reason, rule: 'confidence', value: 0.31, unit: '' }, { ...reason, rule: 'look_within', value: 120, unit: 's' }])
    const said = text(await html(FireBox, { detail: { ...burning(), alarm_list: [alarm('smoke', '101', 0), check] }, ageing: 0 }))
    expect(said).toContain('像是做饭油烟：可信度已降低，仍需查看 · 火情可信度：31.0 % · 请在 2 分钟内派人查看')
  })
  it('who is brought out first, with bed and aids; only who acts may mark', async () => {
    const props = { list: [person, { ...person, senior: { ...person.senior, code: 's8' }, out_at: at(60), out_by: 'chief' }] }
    const said = text(await html(EvacuationBox, props))
    for (const part of ['接下来先撤', '101室', '李秀英 86 岁', '担架或疏散毯', '完全失能', '记为撤出']) expect(said).toContain(part)
    scope.stop()
    begin({ role: 'regulator' })
    expect(text(await html(EvacuationBox, props))).not.toContain('记为撤出')
  })
})

describe('a cause that was wrong', () => {
  const closed = card({ state: 'closed', cause: 'test' })
  it('is chosen among the others; the one that it has is marked and cannot be chosen', async () => {
    const markup = await html(CauseDialog, { card: closed })
    expect(text(markup)).toContain('测试 现在的')
    expect(markup.match(/disabled/g)).toHaveLength(1)
    expect(markup).toMatch(/disabled[^>]*data-cause="test"/)
    expect(text(markup)).not.toContain('→')
  })
  it('that a house has corrected about itself is offered to who confirms it', async () => {
    const detail = { card: closed, trail: [{ kind: 'cause_corrected', data: { by_house: true } }] } as unknown as IncidentDetail
    const markup = await html(CauseDialog, { card: closed, detail })
    expect(markup).not.toContain('disabled')
    expect(text(markup)).toContain('测试 现在的 · 本院自己更正，待他人确认')
    expect(text(await html(CauseConfirm, { card: closed, cause: 'test' }))).toMatch(/^ *测试 .*计入消防安全指数.*确认原因/)
    expect(await html(CauseConfirm, { card: closed, cause: 'test' })).not.toContain('textarea') // nothing is asked for that would be lost
  })
  it('is confirmed with the old one beside the new', async () => {
    expect(text(await html(CauseConfirm, { card: closed, cause: 'real_emergency' }))).toMatch(/测试 → 真实急情.*更正原因/)
    expect(text(await html(CauseConfirm, { card: closed, cause: 'real_emergency' }, 'en'))).toMatch(/stays in the trail.*Correct cause/)
  })
  it('is corrected by who acts, and by nobody else', async () => {
    vi.stubGlobal('document', { title: '' })
    vi.stubGlobal('requestAnimationFrame', () => 0)
    expect(await html(QueuePanel, {})).toContain('data-action="ended"')
    scope.stop()
    begin({ role: 'regulator' })
    expect(await html(QueuePanel, {})).not.toContain('data-action="ended"')
  })
})

describe('the bars', () => {
  const snapshot = (health = HEALTH, figures = FIGURES) =>
    reduce(EMPTY, { type: 'snapshot', seq: 1, at: at(0), incidents: [], presses: [], responders: [], figures, health })

  it('five figures while all is well', async () => {
    store.link.value = { connected: true, lastHeard: T0 }
    store.board.value = snapshot()
    const said = text(await html(TopBar, {}))
    for (const part of ['河北区值班台', '夜班 · 赵敏', '96.4 %', '11.9 秒', '03:12:47']) expect(said).toContain(part)
  })
  it('a regulator is told what she may do, and whoever acts is told nothing of the kind', async () => {
    expect(text(await html(TopBar, {}))).not.toContain('检查登记')
    scope.stop()
    begin({ role: 'regulator' })
    expect(text(await html(TopBar, {}))).toContain('查看 · 检查登记')
    expect(text(await html(TopBar, {}, 'en'))).toContain('view · enters inspections')
  })
  it('what is unknown is a dash', async () => {
    store.link.value = { connected: true, lastHeard: T0 }
    store.board.value = snapshot(HEALTH, { ...FIGURES, online: null, answer_p90_s: null })
    expect((text(await html(TopBar, {})).match(/—/g) ?? []).length).toBe(2)
  })
  it('red, with the time since when, when presses cannot arrive', async () => {
    store.link.value = { connected: true, lastHeard: T0 }
    store.board.value = snapshot({ ...HEALTH, broker: false, broker_since: at(-41) })
    const markup = await html(TopBar, {})
    expect(markup).toContain('class="bar dead"')
    expect(text(markup)).toMatch(/按钮信号无法到达 自 03:12:06 起 · 已 00:41/)
  })
  it('a short reconnect frightens nobody, a long one is said', async () => {
    store.board.value = snapshot()
    store.link.value = { connected: false, lastHeard: T0 - 1_000 }
    expect(await html(TopBar, {})).not.toContain('dead')
    store.link.value = { connected: false, lastHeard: T0 - 4_000 }
    expect(text(await html(TopBar, {}, 'en'))).toContain('Disconnected from the server since 03:12:43 · 00:04')
  })
  it('a database that is down degrades, it does not cut us off', async () => {
    store.link.value = { connected: true, lastHeard: T0 }
    store.board.value = snapshot({ ...HEALTH, database: false })
    const markup = await html(TopBar, {})
    expect(markup).not.toContain('class="bar dead"')
    expect(markup).toContain('数据库不可用')
  })
  it('a board that is not current is red and says so, whatever else fails only degrades', async () => {
    store.link.value = { connected: true, lastHeard: T0 }
    store.board.value = snapshot({ ...HEALTH, failing: ['board', 'sirens'], failing_since: at(-41) })
    const markup = await html(TopBar, {})
    expect(markup).toContain('class="bar dead"')
    expect(text(markup)).toMatch(/画面不是最新：新事件可能看不到 自 03:12:06 起 · 已 00:41/)
    store.board.value = snapshot({ ...HEALTH, failing: ['sirens'] })
    const degraded = await html(TopBar, {})
    expect(degraded).not.toContain('class="bar dead"')
    expect(degraded).toContain('警报器收不到指令')
  })
  it('a mute is never invisible, and sound that cannot be heard is asked for', async () => {
    const sound = (mutedAt: number | null, enabled: boolean) => ({ audible: true, enabled: { value: enabled }, mutedAt: { value: mutedAt }, toggle: () => undefined, unlock: () => undefined })
    expect(text(await html(BottomBar, { sound: sound(T0 - 65_000, true) }))).toContain('声音已关闭 01:05')
    expect(text(await html(BottomBar, { sound: sound(null, false) }))).toContain('点击启用声音')
    expect(text(await html(BottomBar, { sound: sound(null, true) }))).toContain('声音开')
  })
  it('a self-test that stopped is said', async () => {
    const sound = { audible: true, enabled: { value: true }, mutedAt: { value: null }, toggle: () => undefined, unlock: () => undefined }
    store.board.value = snapshot(HEALTH, { ...FIGURES, probe_at: at(-30), probe_ms: 41.4 })
    expect(text(await html(BottomBar, { sound }))).toContain('最近自检 03:12:17 ✓ 全程 41 毫秒')
    store.board.value = snapshot(HEALTH, { ...FIGURES, probe_at: at(-900), probe_ms: 41.4 })
    expect(text(await html(BottomBar, { sound }))).toContain('自检停在 02:57:47')
  })
})
