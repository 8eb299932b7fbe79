import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSSRApp, effectScope, type EffectScope, h, ref, type VNode } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { createI18n } from 'vue-i18n'
import { Refused } from '../src/api/client'
import type { Playbook, Siren, Step } from '../src/api/playbook'
import { reached, type Trouble, useTrouble } from '../src/console/trouble'
import SilenceDialog from '../src/console/SilenceDialog.vue'
import TroubleLine from '../src/console/TroubleLine.vue'
import { usePlaybook, type Watched } from '../src/console/usePlaybook'
import { MESSAGES } from '../src/i18n'
import { at } from './build'

type Answer = { status?: number; body?: unknown } | 'no answer'
let answers: Answer[] = []
let asked: string[] = []
let bodies: unknown[] = []
let scope: EffectScope
const watched = ref<Watched>({ id: 'i1', version: 1 })

const step = (stamped = false): Step => ({
  key: 'call_119', doers: ['desk'], by_person: true, calls: '119', sounds: false, may_skip: true, wanted: true, allowed: ['do', 'skip'],
  stamp: stamped ? { state: 'done', at: at(0), by: 'duty', by_name: '赵敏', device: '', reason: '', undo_until: null } : null,
})
const siren = (id: string | null, act: 'siren_on' | 'siren_off' = 'siren_on'): Siren => ({
  device: 'siren-1', zone_zh: '一层走廊', zone_en: 'corridor 1', online: true, seen_at: null, sounds_until: null, used_by: [],
  command: id ? { id, act, at: at(0), by: 'duty', by_name: '赵敏', late_at: at(8), expires_at: at(30), sent_at: null, answered_at: null, done: null } : null,
})
const book = (over: Partial<Playbook> = {}): Playbook => ({
  incident: 'i1', version: 1, instruction: 'evacuate', next: '', steps: [step()], sirens: [siren(null)], sheet: null, may_sound: true, may_cap: true, ...over,
})
const settle = () => new Promise((done) => setTimeout(done, 5))
const begin = () => scope.run(() => usePlaybook(watched, 'console'))!

beforeEach(() => {
  answers = []
  asked = []
  bodies = []
  watched.value = { id: 'i1', version: 1 }
  scope = effectScope()
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    asked.push(`${init.method} ${path}`)
    if (init.body) bodies.push(JSON.parse(String(init.body)))
    const answer = answers.shift() ?? { body: book() }
    if (answer === 'no answer') throw new TypeError('no network')
    return new Response(JSON.stringify(answer.body ?? {}), { status: answer.status ?? 200 })
  })
})
afterEach(() => { scope.stop(); vi.unstubAllGlobals() })

describe('a playbook that cannot be read', () => {
  it('is told and tried again; nothing is shown in its place', async () => {
    answers = [{ status: 503, body: { error: 'store_unavailable', detail: '' } }]
    const link = begin()
    await settle()
    expect([link.book.value, link.trouble.value?.what, link.trouble.value?.reason.key]).toEqual([null, 'read', 'store_unavailable'])
    link.again()
    await settle()
    expect(link.trouble.value).toBeNull()
    expect(link.book.value?.steps).toHaveLength(1)
  })
})

describe('a press that fails', () => {
  it('is not done, is told until it is, and the same press is tried again', async () => {
    const link = begin()
    await settle()
    answers = [{ status: 409, body: { error: 'not_allowed', detail: '' } }, { body: book() }, { body: book({ version: 2 }) }]
    expect(await link.press('call_119', 'do')).toBe(false)
    await settle()
    expect(link.trouble.value).toMatchObject({ what: 'step', key: 'call_119', todo: 'do', sure: true })
    watched.value = { id: 'i1', version: 2 }
    await settle()
    expect(link.trouble.value?.key, 'a reading that succeeds does not excuse a press that was refused').toBe('call_119')
    answers = [{ body: book({ version: 3, steps: [step(true)] }) }]
    link.again()
    await settle()
    expect(asked.at(-1)).toBe('POST /api/incidents/i1/playbook/call_119')
    expect([link.trouble.value, !!link.book.value?.steps[0]!.stamp]).toEqual([null, true])
  })
  it('without an answer is looked up: it was done after all', async () => {
    const link = begin()
    await settle()
    answers = ['no answer', { body: book({ version: 2, steps: [step(true)] }) }]
    const pressed = link.press('call_119', 'do')
    expect(await pressed).toBe(false)
    expect(link.trouble.value?.sure).toBe(false)
    await settle()
    expect(link.trouble.value).toBeNull()
    expect(link.book.value?.steps[0]!.stamp).not.toBeNull()
  })
  it('without an answer is looked up: it was surely not', async () => {
    const link = begin()
    await settle()
    answers = ['no answer', { body: book() }]
    await link.press('call_119', 'do')
    await settle()
    expect(link.trouble.value).toMatchObject({ what: 'step', sure: true })
  })
  it('stays unknown while nothing can be read, and what is known stays on the screen', async () => {
    const link = begin()
    await settle()
    answers = ['no answer', 'no answer']
    await link.siren('siren-1', 'siren_on')
    await settle()
    expect(link.trouble.value).toMatchObject({ what: 'siren', key: 'siren-1', sure: false })
    expect(link.book.value?.steps).toHaveLength(1)
  })
  it('is not excused by another one that is done, and is the one that is tried again', async () => {
    const link = begin()
    await settle()
    const two = (stamped: boolean) => book({ version: 2, steps: [step(), { ...step(stamped), key: 'warn' }] })
    answers = [{ status: 409, body: { error: 'not_allowed', detail: '' } }, { body: two(true) }, { body: two(true) }, { body: two(true) }]
    const both = [link.press('call_119', 'do'), link.press('warn', 'do'), link.press('warn', 'do')]
    expect([link.working.value, link.waits('warn')]).toEqual(['call_119', true])
    expect(await Promise.all(both), 'the second waits its turn, the third is the same press').toEqual([false, true, false])
    await settle()
    expect(link.trouble.value).toMatchObject({ key: 'call_119', sure: true })
    link.again()
    await settle()
    expect(asked.filter((one) => one.startsWith('POST')).map((one) => one.split('/').at(-1))).toEqual(['call_119', 'warn', 'call_119'])
  })
  it('after its incident was left is told where the desk is told', async () => {
    const lost: unknown[] = []
    const link = scope.run(() => usePlaybook(watched, 'console', (reason) => { lost.push(reason) }))!
    await settle()
    answers = [{ status: 409, body: { error: 'not_allowed', detail: '' } }]
    const pressed = link.press('call_119', 'do')
    scope.stop()
    expect(await pressed).toBe(false)
    expect(lost).toMatchObject([{ key: 'not_allowed' }])
  })
  it('of another incident is not told of this one', async () => {
    const link = begin()
    await settle()
    answers = [{ status: 409, body: { error: 'not_allowed', detail: '' } }]
    await link.press('call_119', 'do')
    watched.value = { id: 'i2', version: 1 }
    await settle()
    expect(link.trouble.value).toBeNull()
  })
})

describe('a siren that others need', () => {
  const used = { ...siren('c1'), used_by: [{ incident: 'i2', kind: 'smoke', drill: true, at: at(0), by: 'duty', by_name: '赵敏' }] }
  it('is not silenced before a person has said that he knows, and then it is', async () => {
    const link = begin()
    await settle()
    answers = [{ status: 409, body: { error: 'siren_in_use', detail: '' } }, { body: book({ sirens: [used] }) }, { body: book({ version: 2, sirens: [siren('c2', 'siren_off')] }) }]
    expect(await link.siren('siren-1', 'siren_off')).toBe(false)
    expect(link.trouble.value?.reason.key).toBe('siren_in_use')
    await settle()
    expect(link.book.value?.sirens[0]!.used_by).toHaveLength(1)
    expect(await link.siren('siren-1', 'siren_off', true)).toBe(true)
    expect(bodies).toEqual([{ act: 'siren_off', confirm: false }, { act: 'siren_off', confirm: true }])
    expect(link.trouble.value).toBeNull()
  })
  it('is asked about in both languages: which incident, a drill or not, who told it to sound, that it will be known', async () => {
    const dialog = (locale: 'zh' | 'en') => rendered(locale, () => h(SilenceDialog, { siren: used, zone: 'Asia/Shanghai', working: false, trouble: '' }))
    for (const words of ['静音警报器：一层走廊', '另有未结束的事件', '烟雾报警', '演练', '赵敏 于', '记录会写明', '仍然静音']) expect(await dialog('zh')).toContain(words)
    for (const words of ['Silence the siren: corridor 1', 'Other open incidents', 'Smoke alarm', 'told it to sound at', 'their trail will say', 'all the same']) expect(await dialog('en')).toContain(words)
  })
})

describe('what was pressed', () => {
  it('shows in the playbook when it was done', () => {
    expect(reached({ what: 'step', key: 'call_119', todo: 'do' }, book({ steps: [step(true)] }))).toBe(true)
    expect(reached({ what: 'step', key: 'call_119', todo: 'undo' }, book({ steps: [step(true)] }))).toBe(false)
    expect(reached({ what: 'step', key: 'call_119', todo: 'undo' }, book())).toBe(true)
    expect(reached({ what: 'step', key: 'gone', todo: 'do' }, book())).toBe(false)
  })
  it('of a siren shows by a new command, not by the one that it had', () => {
    const pressed = { what: 'siren', key: 'siren-1', todo: 'siren_on', before: 'c1' } as const
    expect(['c1', 'c2'].map((id) => reached(pressed, book({ sirens: [siren(id)] })))).toEqual([false, true])
    expect(reached(pressed, book({ sirens: [siren('c2', 'siren_off')] }))).toBe(false)
  })
})

async function rendered(locale: 'zh' | 'en', render: () => VNode): Promise<string> {
  const app = createSSRApp({ setup: () => render })
  app.use(createI18n({ legacy: false, locale, messages: MESSAGES, messageResolver: (all, key) => (all as Record<string, string>)[key] ?? null }))
  return (await renderToString(app)).replace(/<[^>]+>/g, '')
}

describe('what is said of it', () => {
  async function said(it: Partial<Trouble>, locale: 'zh' | 'en', held: Playbook | null = book()): Promise<string> {
    const whole: Trouble = { what: 'step', key: 'call_119', todo: 'do', reason: new Refused(0, 'unreachable', ''), sure: true, ...it }
    const Line = { setup: () => { const told = useTrouble(); return () => h(TroubleLine, { text: told(whole, held) }) } }
    return rendered(locale, () => h(Line))
  }
  it('names what was pressed, why it failed, whether that is known, and offers to try again', async () => {
    expect(await said({}, 'zh')).toBe('「拨打 119」没有记下：服务器没有回应重试')
    expect(await said({ sure: false }, 'zh')).toContain('不知道「拨打 119」是否已记下')
    expect(await said({ todo: 'undo' }, 'zh')).toContain('「拨打 119」没有撤销')
    expect(await said({ what: 'siren', key: 'siren-1', todo: 'siren_on' }, 'zh')).toContain('没有命令一层走廊的警报器')
    expect(await said({ what: 'siren', key: 'siren-1', todo: 'siren_on', sure: false }, 'en')).toContain('not known whether the siren was told, corridor 1')
    expect(await said({}, 'en')).toBe('“Call 119” was not noted: the server does not answerTry again')
  })
  it('of a reading is not that something was not submitted', async () => {
    for (const key of ['unreachable', 'store_unavailable', 'unexpected', 'http_500', 'http_502', 'http_503']) {
      const it = { what: 'read', reason: new Refused(503, key, '') } as const
      expect(await said(it, 'zh', null), key).not.toContain('未提交')
      expect(await said(it, 'en', null), key).not.toMatch(/submitted|nothing/)
    }
    expect(await said({ what: 'read' }, 'zh', null)).toContain('处置步骤读取失败')
    expect(await said({ what: 'read' }, 'zh')).toContain('以下是之前的')
  })
})
