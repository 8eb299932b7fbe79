import { describe, expect, it } from 'vitest'
import type { CallSheet, Playbook, Siren, Step } from '../src/api/playbook'
import { asksFirst, deviceName, folded, GAS, progress, rowsOf, script, sirenState, standing, stepOfKey, undoLeft } from '../src/console/playbook'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { i18n, MESSAGES } from '../src/i18n'
import { at, T0 } from './build'

const step = (key: string, over: Partial<Step> = {}): Step => ({
  key, doers: ['desk'], by_person: true, calls: '', sounds: false, may_skip: true, wanted: true, stamp: null, allowed: ['do', 'skip'], ...over,
})
const stamp = (over: Partial<NonNullable<Step['stamp']>> = {}): NonNullable<Step['stamp']> => ({
  state: 'done', at: at(0), by: 'duty', by_name: '赵敏', device: '', reason: '', undo_until: at(60), ...over,
})
const book = (steps: Step[], next = ''): Playbook => ({
  incident: 'i1', version: 3, instruction: 'evacuate', next, steps, sirens: [], sheet: null, may_sound: true, may_cap: true,
})

describe('the steps', () => {
  const steps = [step('verify', { wanted: false, stamp: stamp() }), ...'abcdefghijkl'.split('').map((key) => step(key))]
  it('have digits in the order in which they are wanted; what is past has none, nor has the eleventh', () => {
    expect(rowsOf(book(steps)).map((row) => row.key)).toEqual(['', ...'1234567890', '', ''])
  })
  it('are pressed by their digit while they are open and this person may', () => {
    expect(stepOfKey(rowsOf(book(steps)), '1')?.key).toBe('a')
    expect(stepOfKey(rowsOf(book(steps)), '0')?.key).toBe('j')
    expect(stepOfKey(rowsOf(book(steps)), '')).toBeNull()
    expect(stepOfKey(rowsOf(book(steps)), 'a')).toBeNull()
    expect(stepOfKey(rowsOf(book([step('a', { stamp: stamp() })])), '1')).toBeNull()
    expect(stepOfKey(rowsOf(book([step('a', { allowed: [] })])), '1')).toBeNull()
  })
  it('are folded to the next three and the last stamp while it can be taken back; what is not seen has no key', () => {
    const long = [step('x', { stamp: stamp() }), step('y', { stamp: stamp({ at: at(5), undo_until: at(65) }) }), ...'abcde'.split('').map((key) => step(key))]
    expect(folded(rowsOf(book(long)), T0 + 6_000).map((row) => row.step.key)).toEqual(['y', 'a', 'b', 'c'])
    expect(folded(rowsOf(book(long)), T0 + 99_000).map((row) => [row.step.key, row.key])).toEqual([['a', '3'], ['b', '4'], ['c', '5']])
    expect(stepOfKey(folded(rowsOf(book(long)), T0), '6')).toBeNull()
    expect(folded(rowsOf(book([])), T0)).toEqual([])
  })
  it('are others under a finger once one is stamped, or has moved up', () => {
    const [a, b] = [step('a'), step('b')]
    const ways = [[a, b], [b, a], [step('a', { stamp: stamp() }), b], [b]]
    expect(new Set(ways.map(standing)).size).toBe(ways.length)
    expect(standing([a, b])).toBe(standing([{ ...a, allowed: [] }, b]))
  })
  it('are counted as far as they are wanted', () => {
    expect(progress(book([...steps, step('m', { stamp: stamp() })]))).toEqual({ n: 1, m: 13 })
  })
  it('mark the next one', () => expect(rowsOf(book(steps, 'b')).filter((row) => row.next).map((row) => row.step.key)).toEqual(['b']))
  it('are taken back in whole seconds', () => {
    expect(undoLeft(step('a', { stamp: stamp() }), T0 + 500)).toBe(60)
    expect(undoLeft(step('a', { stamp: stamp() }), T0 + 60_000)).toBe(0)
    expect(undoLeft(step('a', { stamp: stamp({ undo_until: null }) }), T0)).toBe(0)
    expect(undoLeft(step('a'), T0)).toBe(0)
  })
})

describe('a siren', () => {
  const command = (over: Partial<NonNullable<Siren['command']>> = {}): NonNullable<Siren['command']> => ({
    id: 'c1', act: 'siren_on', at: at(0), by: 'duty', by_name: '赵敏', late_at: at(8), expires_at: at(30), sent_at: at(0), answered_at: null, done: null, ...over,
  })
  const siren = (over: Partial<Siren> = {}): Siren => ({ device: 'siren-1', zone_zh: '走廊', zone_en: 'corridor', online: true, seen_at: at(0), sounds_until: null, command: null, used_by: [], ...over })
  it.each([
    ['quiet', siren(), 0], ['offline', siren({ online: false }), 0], ['quiet', siren({ online: null }), 0],
    ['waiting', siren({ command: command() }), 3], ['silent', siren({ command: command() }), 8],
    ['sounding', siren({ command: command({ answered_at: at(1), done: 'siren' }), sounds_until: at(300) }), 299],
    ['quiet', siren({ command: command({ answered_at: at(1), done: 'siren' }), sounds_until: at(300) }), 300],
    ['refused', siren({ command: command({ answered_at: at(1), done: 'expired' }) }), 2],
    ['silenced', siren({ command: command({ act: 'siren_off', answered_at: at(1), done: 'siren' }) }), 2],
  ] as const)('is %s', (state, it, seconds) => expect(sirenState(it, T0 + seconds * 1000).state).toBe(state))
})

describe('silencing a siren', () => {
  const used = [{ incident: 'i2', kind: 'smoke', drill: false, at: at(0), by: 'duty', by_name: '赵敏' }]
  const siren = (used_by: Siren['used_by']): Siren => ({ device: 'siren-1', zone_zh: '', zone_en: '', online: true, seen_at: null, sounds_until: null, command: null, used_by })
  it('asks first when others have it sounding; sounding never does', () => {
    expect([asksFirst(siren(used), 'siren_off'), asksFirst(siren(used), 'siren_on'), asksFirst(siren([]), 'siren_off'), asksFirst(undefined, 'siren_off')]).toEqual([true, false, false, false])
  })
})

describe('what is read aloud', () => {
  const sheet: CallSheet = {
    site_zh: '颐和养老院', site_en: 'Yihe Care Home', address: '王串场街道 12 号', callback: '022-26350001', kinds: ['smoke', 'heat'],
    zones: [{ code: 'z', kind: 'kitchen', name_zh: '厨房', name_en: 'Kitchen', floor: 2 }], floors: 4, residents: 80, residents_in_zones: 6, reduced_mobility: 31,
    reduced_mobility_in_zones: 2, entrance_zh: '一层大厅', entrance_en: 'Hall', drill: false,
  }
  const say = (locale: 'zh' | 'en') => (key: string, values: Record<string, unknown> = {}) => (i18n.global.te(key, locale) ? i18n.global.t(key, values, { locale }) : '')
  it('says of every kind of alarm what it is, not what to do about it; each sentence ends once', () => {
    const kinds = Object.keys(MESSAGES.zh).filter((key) => key.startsWith('kind.')).map((key) => key.slice(5))
    for (const locale of ['zh', 'en'] as const) {
      for (const kind of kinds) {
        const lines = script('119', { ...sheet, kinds: [kind, 'smoke'] }, null, locale === 'en', say(locale))
        expect(lines[2], kind).not.toMatch(/Look|\?|？/)
        for (const line of lines) expect(line, kind).toMatch(/[^\p{P}][)）]?[.。]$/u)
      }
    }
    expect(script('119', { ...sheet, kinds: ['spread_look'] }, null, true, say('en'))[2]).toBe('What: fire may be spreading.')
  })
  it('says address, what burns, floors, who cannot walk and the entrance, in both languages', () => {
    const zh = script('119', sheet, null, false, say('zh')).join('')
    for (const fact of ['火警', '王串场街道 12 号', '颐和养老院', '厨房（2 层）', '4 层', '80 人', '31 人', '6 人', '2 人', '一层大厅', '022-26350001']) expect(zh).toContain(fact)
    const en = script('119', sheet, null, true, say('en')).join(' ')
    for (const fact of ['fire', '王串场街道 12 号', 'Yihe Care Home', 'Kitchen (floor 2)', '4 floors', '80', '31', 'Hall']) expect(en).toContain(fact)
  })
  it('says what is not known, and asks for somebody at the gate', () => {
    const lines = script('119', { ...sheet, entrance_zh: '', entrance_en: '', zones: [], callback: '' }, null, false, say('zh'))
    expect(lines.join('')).toContain('大门口')
    expect(lines.every((line) => line.length > 0)).toBe(true)
  })
  it('reports gas as gas, and as a fire as soon as anything burns', () => {
    const opening = (kinds: string[], locale: 'zh' | 'en') => script('119', { ...sheet, kinds }, null, locale === 'en', say(locale))[0]!
    for (const kinds of [['gas'], ['co', 'gas_co_look']]) {
      expect(opening(kinds, 'zh')).toMatch(/燃气/)
      expect(opening(kinds, 'zh')).not.toMatch(/火警/)
      expect(opening(kinds, 'en')).not.toMatch(/fire/)
    }
    expect(opening(['gas', 'smoke'], 'zh')).toMatch(/火警/)
    const alarms = readFileSync(join(import.meta.dirname, '..', '..', 'dispatch', 'alarm.py'), 'utf8')
    expect(new Set([...alarms.matchAll(/Kind\("(\w+)", "gas_co"/g)].map((m) => m[1]))).toEqual(GAS)
  })
  it('speaks to 120 about the person', () => {
    const lines = script('120', sheet, { age: 86, sex: 'f' }, false, say('zh')).join('')
    expect(lines).toContain('86')
    expect(lines).not.toContain('火警')
    expect(lines).not.toContain('80 人')
  })
})

describe('the device of a click', () => {
  it('keeps its name', () => {
    const kept = new Map<string, string>()
    const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) }
    const first = deviceName(storage, 'console', 'Linux')
    expect(first).toMatch(/^console · Linux · [0-9a-f]{1,4}$/)
    expect(deviceName(storage, 'console', 'Linux')).toBe(first)
    expect(deviceName(undefined, 'phone', 'x'.repeat(80)).length).toBe(60)
  })
})
