import { describe, expect, it } from 'vitest'
import { BURSTS, lasts } from '../src/sound/bursts'
import { type Hearing, MUTE_LASTS, REPEAT_MS, rings, SILENT, step, toggleMute, voice } from '../src/sound/schedule'
import type { Item } from '../src/queue/items'
import { item } from './build'

/** Steps every 250 ms and notes what was heard, as [seconds, voice]. */
function listen(list: (s: number) => Item[], seconds: number, options: { lost?: (s: number) => boolean; mute?: number[]; from?: Hearing } = {}) {
  let hearing = options.from ?? SILENT
  const heard: [number, string][] = []
  for (let ms = 0; ms <= seconds * 1000; ms += 250) {
    if (options.mute?.includes(ms / 1000)) hearing = toggleMute(hearing, ms)
    const result = step(hearing, list(ms / 1000), ms, options.lost?.(ms / 1000) ?? false)
    hearing = result.hearing
    if (result.play) heard.push([ms / 1000, result.play])
  }
  return { heard, hearing }
}

describe('what is heard', () => {
  it.each([
    [1, 10], [3, 25], [4, 30],
  ])('priority %i repeats every %i s while unacknowledged', (priority, every) => {
    const { heard } = listen(() => [item('a', { priority })], 61)
    expect(heard.map(([s]) => s)).toEqual([0, every, 2 * every, 3 * every, 4 * every, 5 * every, 6 * every].filter((s) => s <= 61))
  })

  it('an acknowledgement ends it', () => {
    const { heard } = listen((s) => [item('a', { state: s < 12 ? 'open' : 'acknowledged' })], 60)
    expect(heard.map(([s]) => s)).toEqual([0, 10])
  })

  it('a new ring is heard at once, also after an acknowledgement, and once', () => {
    const { heard } = listen((s) => [item('a', { state: s < 5 ? 'open' : 'acknowledged', rings: s < 7 ? 1 : 2 })], 30)
    expect(heard.map(([s]) => s)).toEqual([0, 7])
  })

  it('what was acknowledged before the page opened stays silent', () => {
    expect(listen(() => [item('a', { state: 'acknowledged', rings: 3 })], 30).heard).toEqual([])
  })

  it('one burst speaks for all that are no more urgent', () => {
    const { heard } = listen(() => [item('low', { priority: 4 }), item('a'), item('b')], 9)
    expect(heard).toEqual([[0, 'high']])
  })

  it('fire is heard before a press and in its own voice', () => {
    const { heard } = listen((s) => (s < 3 ? [item('sos')] : [item('sos'), item('fire', { hazard: 'fire' })]), 4)
    expect(heard).toEqual([[0, 'high'], [3, 'fire']])
  })

  it('voices differ by what it is', () => {
    expect(voice({ hazard: 'fire', priority: 1 })).toBe('fire')
    expect(voice({ hazard: 'gas_co', priority: 1 })).toBe('gas')
    expect(voice({ hazard: 'person', priority: 1 })).toBe('high')
    expect(voice({ hazard: 'technical', priority: 2 })).toBe('medium')
    expect(voice({ hazard: 'technical', priority: 4 })).toBe('low')
  })

  it('a clock that was an hour ahead for a moment silences neither what rings, nor the loss, nor leaves a mute standing', () => {
    const hour = 3_600_000
    const rung = step(SILENT, [item('a')], hour, false)
    expect([rung.play, step(rung.hearing, [item('a')], 250, false).play]).toEqual(['high', 'high'])
    const lost = step(SILENT, [], hour, true)
    expect([lost.play, step(lost.hearing, [], 250, true).play]).toEqual(['lost', 'lost'])
    expect(step(toggleMute(rung.hearing, hour), [item('a')], 250, false).hearing.mutedAt).toBeNull()
  })

  it('forgets what has left the board', () => {
    const { hearing } = listen((s) => (s < 5 ? [item('a')] : []), 6)
    expect(hearing.rung.size).toBe(0)
  })
})

describe('who is rung', () => {
  it.each([
    ['duty', 0, true], ['duty', 2, true], ['admin', 0, false], ['admin', 1, false], ['admin', 2, true], ['regulator', 2, false], ['responder', 2, false],
  ] as const)('%s at level %i: %s', (role, level, expected) => expect(rings(role, { level })).toBe(expected))
})

describe('muting', () => {
  it('silences what rings, and nothing is played while it lasts', () => {
    const { heard } = listen(() => [item('a')], 60, { mute: [1] })
    expect(heard).toEqual([[0, 'high']])
  })

  it('a new emergency ends it at once, behind others that are still due', () => {
    const { heard, hearing } = listen((s) => (s < 20 ? [item('a', { hazard: 'fire' })] : [item('a', { hazard: 'fire' }), item('b')]), 21, { mute: [1] })
    expect(heard).toEqual([[0, 'fire'], [20, 'fire'], [20.25, 'high']])
    expect(hearing.mutedAt).toBeNull()
  })

  it('an emergency that rings again ends it', () => {
    expect(listen((s) => [item('a', { rings: s < 30 ? 1 : 2 })], 31, { mute: [1] }).heard.map(([s]) => s)).toEqual([0, 30])
  })

  it('it ends by itself while an emergency is unanswered', () => {
    const { heard } = listen(() => [item('a')], 125, { mute: [1] })
    expect(heard[1]).toEqual([1 + MUTE_LASTS / 1000, 'high'])
  })

  it('lesser things stay muted, however new', () => {
    const { heard, hearing } = listen((s) => (s < 20 ? [] : [item('b', { priority: 3 })]), 300, { mute: [1] })
    expect(heard).toEqual([])
    expect(hearing.mutedAt).toBe(1000)
  })

  it('can be taken back by hand', () => {
    expect(listen(() => [item('a')], 30, { mute: [1, 15] }).heard.map(([s]) => s)).toEqual([0, 15, 25])
  })
})

describe('when presses cannot reach us', () => {
  it('is heard at once and again, and stops when it is over', () => {
    const { heard } = listen(() => [], 20, { lost: (s) => s >= 2 && s < 15 })
    expect(heard).toEqual([[2, 'lost'], [8, 'lost'], [14, 'lost']])
  })

  it('is heard through a mute that is older, not through one that answers it', () => {
    expect(listen(() => [], 20, { lost: (s) => s >= 5, mute: [1] }).heard.map(([s]) => s)).toEqual([5, 11, 17])
    expect(listen(() => [], 20, { lost: (s) => s >= 5, mute: [7] }).heard.map(([s]) => s)).toEqual([5])
  })
})

describe('bursts', () => {
  it('have the pulses of their priority', () => {
    expect(BURSTS.high.pulses).toHaveLength(10)
    expect(BURSTS.medium.pulses).toHaveLength(3)
    expect(BURSTS.low.pulses).toHaveLength(1)
  })

  it('a pulse never begins before the one before it has ended', () => {
    for (const { pulses } of Object.values(BURSTS)) {
      for (let i = 1; i < pulses.length; i += 1) expect(pulses[i]!.at).toBeGreaterThanOrEqual(pulses[i - 1]!.at + pulses[i - 1]!.length)
    }
  })

  it('end before they repeat, and no two voices are alike', () => {
    for (const [name, burst] of Object.entries(BURSTS)) expect(lasts(burst) * 1000).toBeLessThan(REPEAT_MS[name as keyof typeof REPEAT_MS])
    const looks = Object.values(BURSTS).map((burst) => JSON.stringify(burst.pulses))
    expect(new Set(looks).size).toBe(looks.length)
  })
})
