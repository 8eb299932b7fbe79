import { describe, expect, it } from 'vitest'
import type { DispatchBrief } from '../src/api/types'
import { numbers } from '../src/dialogs/numbers'
import { calls, failed, onErrand, refusals, suggested } from '../src/queue/sent'
import { SILENT, step } from '../src/sound/schedule'
import { at, card, item, SITE, T0 } from './build'

const STATES = ['offered', 'accepted', 'en_route', 'arrived', 'entered', 'done', 'declined', 'timed_out', 'recalled'] as const
function sent(state: (typeof STATES)[number], responder = 'r1', offered = 0): DispatchBrief {
  return {
    id: `d-${responder}-${offered}`, responder, responder_name: responder, responder_kind: 'nurse', vehicle: 'ebike', state, offered_at: at(offered),
    deadline_at: at(offered + 60), travel_s: 240, eta_at: null, allowed: [],
  }
}

describe('who was sent', () => {
  it.each(STATES)('%s is on an errand, or not', (state) => {
    expect(onErrand(card({ dispatches: [sent(state)] })).length).toBe(['offered', 'accepted', 'en_route', 'arrived', 'entered'].includes(state) ? 1 : 0)
  })
  it.each(STATES)('%s leaves the incident without help, or not', (state) => {
    const left = failed(card({ state: 'acknowledged', dispatches: [sent(state)] }))
    expect(left?.state ?? null).toBe(state === 'declined' || state === 'timed_out' ? state : null)
  })
  it('the last offer speaks, in whatever order they come', () => {
    const dispatches = [sent('offered', 'r2', 90), sent('timed_out', 'r1', 0)]
    expect(failed(card({ state: 'acknowledged', dispatches }))).toBeNull()
    expect(failed(card({ state: 'dispatched', dispatches: [sent('timed_out')] }))).toBeNull()
    expect(failed(card({ state: 'acknowledged', dispatches: [sent('declined', 'r2', 90), sent('timed_out')] }))?.responder).toBe('r2')
  })
  it('whoever has just not gone is not suggested again', () => {
    const able = [{ responder: 'r1', chosen: true }, { responder: 'r2', chosen: false }]
    expect(suggested(able, card())).toBe(0)
    expect(suggested(able, card({ dispatches: [sent('timed_out')] }))).toBe(1)
    expect(suggested(able, card({ dispatches: [sent('declined', 'r1'), sent('timed_out', 'r2')] }))).toBe(0)
    expect(suggested([], card())).toBe(0)
    expect([...refusals(card({ dispatches: [sent('declined'), sent('done', 'r2')] }))]).toEqual([['r1', 'declined']])
  })
})

describe('an errand that came back unrun is heard', () => {
  it('at once, and once', () => {
    const state = 'acknowledged'
    const before = step(SILENT, [item('i1', { state, dispatches: [sent('offered')] })], T0, false)
    expect(before.play).toBeNull()
    const back = [item('i1', { state, dispatches: [sent('timed_out')] })]
    const heard = step(before.hearing, back, T0 + 1000, false)
    expect(heard.play).toBe('high')
    expect(step(heard.hearing, back, T0 + 60_000, false).play).toBeNull()
    expect(calls(back[0]!.card)).toBe(2)
  })
  it('a page that opens later is not startled by the past', () => {
    expect(step(SILENT, [item('i1', { state: 'acknowledged', dispatches: [sent('timed_out')] })], T0, false).play).toBeNull()
  })
})

describe('whom to telephone', () => {
  const words = { name: (it: typeof SITE) => it.name_zh, said: (_key: string, fallback: string) => fallback || _key }
  const detail = (over = {}) => ({ card: card(), private: null, site_phone: '', phones: {}, alarm_list: [], trail: [], dispatch_list: [], curves: [], fire: null, ...over })
  const inst = { ...SITE, kind: 'institution' as const, name_zh: '和光养老院' }

  it('a fire in an institution: its duty room, and 119 before 120', () => {
    const found = numbers(card({ hazard: 'fire', senior: null, site: inst }), detail({ site_phone: '02288880001' }), words)
    expect(found.lines).toEqual([{ who: '和光养老院', role: 'dialog.call.site', phone: '02288880001' }])
    expect(found.emergency).toEqual(['119', '120'])
  })
  it('a person: the senior, then kin, then whoever was sent last; 120 before 119', () => {
    const priv = { name: '李秀英', phone: '1', key_holder: '', key_note: '', contacts: [{ name: '李小梅', relation: 'daughter', phone: '2' }] }
    const dispatches = [sent('timed_out', 'r1'), sent('offered', 'r2', 90)]
    const found = numbers(card({ dispatches }), detail({ private: priv, phones: { r1: '3', r2: '4' } }), words)
    expect(found.lines.map((line) => line.phone)).toEqual(['1', '2', '4', '3'])
    expect(found.emergency).toEqual(['120', '119'])
  })
  it('one number stands once', () => {
    const dispatches = [sent('timed_out', 'r1'), sent('offered', 'r1', 90)]
    expect(numbers(card({ dispatches }), detail({ phones: { r1: '3' } }), words).lines).toHaveLength(1)
  })
  it('a drill and a broken device call nobody from outside', () => {
    expect(numbers(card({ drill: true, hazard: 'fire' }), null, words).emergency).toEqual([])
    expect(numbers(card({ hazard: 'technical' }), null, words)).toEqual({ emergency: [], lines: [] })
  })
})
