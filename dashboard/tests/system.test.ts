import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProbeTry } from '../src/api/types'
import { pageOf } from '../src/console/page'
import { MESSAGES } from '../src/i18n'
import { bars, HEIGHT, summary, WIDTH } from '../src/system/history'
import { at } from './build'

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', '..', path), 'utf8')
const press = (n: number, ms: number | null): ProbeTry => ({ at: at(60 * n), ms, stage: ms === null ? 'not_shown' : '' })

describe('the last hour of the probe', () => {
  it('is drawn with the newest at the right edge, on a scale from zero', () => {
    const drawn = bars([press(0, 50), press(1, 200)])
    expect(drawn.map((bar) => bar.x)).toEqual([WIDTH - 19, WIDTH - 9])
    expect(drawn[1]!.h).toBe(HEIGHT - 4)
    expect(drawn[0]!.h).toBeCloseTo((HEIGHT - 4) / 4)
    expect(drawn.every((bar) => bar.y + bar.h === HEIGHT)).toBe(true)
  })
  it('shows what did not come out over the whole height, never as fast', () => {
    const [lost] = bars([press(0, null)])
    expect([lost!.failed, lost!.h]).toEqual([true, HEIGHT])
  })
  it('does not blow a fast path up to full height', () => expect(bars([press(0, 10)])[0]!.h).toBeLessThan(HEIGHT / 4))
  it('keeps to its slots', () => {
    const drawn = bars(Array.from({ length: 90 }, (_, n) => press(n, 20)))
    expect(drawn.length).toBe(60)
    expect(Math.min(...drawn.map((bar) => bar.x))).toBeGreaterThanOrEqual(0)
  })
  it('is summed up by what came out; of nothing nothing is claimed', () => {
    expect(summary([press(0, 30), press(1, 10), press(2, null), press(3, 20)])).toEqual({ n: 4, p50: 20, max: 30, failed: 1 })
    expect(summary([press(0, null)])).toEqual({ n: 1, p50: null, max: null, failed: 1 })
    expect(summary([])).toEqual({ n: 0, p50: null, max: null, failed: 0 })
  })
})

describe('the address', () => {
  it('says which page it is', () => {
    expect(pageOf('/system')).toBe('system')
    for (const path of ['/', '/systems', '/system/x', '/r']) expect(pageOf(path)).toBe('desk')
  })
})

describe('every word of the system has a sentence', () => {
  const names = (path: string, from: RegExp) => [...(from.exec(read(path))?.[1] ?? '').matchAll(/"(\w+)"/g)].map((m) => m[1]!)
  const missing = (keys: string[]) => keys.filter((key) => !(key in MESSAGES.zh!) || !(key in MESSAGES.en!))
  it('stages of the probe, on the page and as reasons of the alarm', () => {
    const stages = names('dispatch/probe.py', /STAGES = \(([^)]*)\)/)
    expect(stages.length).toBe(4)
    expect(missing(stages.map((stage) => `system.stage.${stage}`))).toEqual([])
    expect(missing([...stages, 'dead', 'pressed'].map((stage) => `reason.probe_${stage}`))).toEqual([])
  })
  it('states of parts', () => {
    const states = names('api/shapes/system.py', /PartState = Literal\[([^\]]*)\]/)
    expect(states.length).toBe(4)
    expect(missing(states.map((state) => `system.state.${state}`))).toEqual([])
  })
  it('what the server may fail to do', () => {
    const failing = names('api/shapes/system.py', /Failing = Literal\[([^\]]*)\]/)
    expect(failing.length).toBe(7)
    expect(missing(failing.map((name) => `fault.failing.${name}`))).toEqual([])
  })
  it('what rings the desk again', () => {
    const why = [...read('dispatch/escalation.py').matchAll(/return "(\w+)"/g)].map((m) => m[1]!)
    expect(why.sort()).toEqual(['not_departed', 'overdue'])
    expect(missing(why.map((one) => `trail.${one}`))).toEqual([])
  })
})
