import { describe, expect, it } from 'vitest'
import { commandOf, elsewhere, moved } from '../src/console/keys'
import { actionOfKey, acts, offers } from '../src/queue/actions'
import { card, item } from './build'

const ALLOWED = {
  open: ['acknowledge'], acknowledged: ['expire', 'dispatch', 'resolve', 'cancel'], dispatched: ['dispatch', 'arrive'],
  on_scene: ['dispatch', 'arrive', 'resolve'], resolved: ['close'], closed: [], cancelled: [],
} as const
type Name = keyof typeof ALLOWED
const of = (state: Name) => card({ state, allowed: [...ALLOWED[state]] })
const stroke = (key: string, over = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...over })

describe('the four buttons', () => {
  it.each([
    ['open', 'acknowledge'], ['acknowledged', 'dispatch'], ['dispatched', 'call'], ['on_scene', 'resolve'], ['resolved', 'close'],
  ] as const)('while %s the next right thing is to %s', (state, action) => {
    const list = offers(of(state), true)
    expect(list[0]).toMatchObject({ action, primary: true, enabled: true })
    expect(list.filter((one) => one.primary)).toHaveLength(1)
    expect(list.length).toBeLessThanOrEqual(4)
  })

  it('a cancellation that can never be is not offered', () => {
    expect(offers(of('open'), true).map((one) => one.action)).toEqual(['acknowledge', 'call', 'note'])
    expect(offers(card({ state: 'open', allowed: ['acknowledge', 'cancel'] }), true).map((one) => one.action)).toContain('cancel')
  })

  it('what is not allowed yet is there but off', () => {
    expect(offers(of('dispatched'), true).find((one) => one.action === 'resolve')?.enabled).toBe(false)
  })

  it('no two buttons share a key', () => {
    for (const state of Object.keys(ALLOWED) as Name[]) {
      const keys = offers(of(state), true).map((one) => one.key)
      expect(new Set(keys).size).toBe(keys.length)
    }
  })

  it('what is closed offers nothing; what is not stored only the telephone', () => {
    expect(offers(of('closed'), true)).toEqual([])
    expect(offers(of('open'), false).map((one) => one.action)).toEqual(['call'])
  })

  it('regulators and responders do not act at the desk', () => {
    expect((['duty', 'admin', 'regulator', 'responder'] as const).map(acts)).toEqual([true, true, false, false])
  })
})

describe('keys', () => {
  it('X closes what is resolved and cancels what may be cancelled', () => {
    expect(actionOfKey('x', of('resolved'), true)).toBe('close')
    expect(actionOfKey('X', of('acknowledged'), true)).toBe('cancel')
    expect(actionOfKey('x', of('open'), true)).toBeNull()
  })

  it('an action that is not allowed is no action', () => {
    expect(actionOfKey('d', of('open'), true)).toBeNull()
    expect(actionOfKey('a', of('acknowledged'), true)).toBeNull()
    expect(actionOfKey('q', of('open'), true)).toBeNull()
  })

  it('an unstored press answers to C alone', () => {
    expect(actionOfKey('a', of('open'), false)).toBeNull()
    expect(actionOfKey('c', of('open'), false)).toBe('call')
  })

  it.each(['ctrlKey', 'metaKey', 'altKey'])('%s belongs to the browser', (modifier) => {
    expect(commandOf(stroke('c', { [modifier]: true }), item('i1'))).toBeNull()
  })

  it('a key held down moves, but acts once', () => {
    expect(commandOf(stroke('j', { repeat: true }), null)).toEqual({ do: 'move', by: 1 })
    expect(commandOf(stroke('a', { repeat: true }), item('i1'))).toBeNull()
    expect(commandOf(stroke('m', { repeat: true }), null)).toBeNull()
  })

  it.each([
    ['ArrowDown', { do: 'move', by: 1 }], ['K', { do: 'move', by: -1 }], ['m', { do: 'sound' }], ['？', { do: 'help' }], ['?', { do: 'help' }],
    ['L', { do: 'language' }], ['f', { do: 'fly' }], ['g', { do: 'fit' }], ['a', { do: 'action', action: 'acknowledge' }],
  ])('%s', (key, command) => {
    expect(commandOf(stroke(key), item('i1'))).toEqual(command)
  })

  it('without an incident, only the page answers', () => {
    expect(commandOf(stroke('a'), null)).toBeNull()
    expect(commandOf(stroke('g'), null)).toEqual({ do: 'fit' })
  })

  it('moves to the neighbour, stays at the ends, and begins at the top', () => {
    const list = [item('a'), item('b'), item('c')]
    expect(moved(list, 'a', 1)).toBe('b')
    expect(moved(list, 'c', 1)).toBe('c')
    expect(moved(list, 'a', -1)).toBe('a')
    expect(moved(list, null, 1)).toBe('a')
    expect(moved(list, 'gone', -1)).toBe('a')
    expect(moved([], null, 1)).toBeNull()
  })
})

describe('keys for somebody else', () => {
  const page = (open: boolean) => ({ querySelector: (wanted: string) => (open && wanted === 'dialog[open]' ? ({} as Element) : null) }) as Pick<Document, 'querySelector'>
  const on = (tag: string) => ({ target: { closest: (wanted: string) => (wanted.split(', ').includes(tag) ? {} : null) } as unknown as EventTarget })
  it('whoever opened a dialog, nothing happens behind it', () => {
    expect(elsewhere({ target: null }, page(true))).toBe(true)
    expect(elsewhere({ target: null }, page(false))).toBe(false)
  })
  it('who types is not pressing keys', () => {
    expect(['input', 'textarea', 'select', 'button', 'div'].filter((tag) => elsewhere(on(tag), page(false)))).toEqual(['input', 'textarea', 'select'])
  })
})
