import { afterEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref, type EffectScope } from 'vue'
import type { Check, Checks, House, Withdrawn } from '../src/safety/types'
import { joined, useRegister } from '../src/safety/useRegister'

const check = (id: string, done_on: string, entered_at = '2026-11-20T00:00:00Z'): Check => ({
  id, done_on, entered_at, kind: 'drill', result: 'passed', defects: 0, rectify_by: null, follows: null, by_whom: '', note: '', entered_by: 'a', demo: false, mine: true,
})
const gone = (it: Check): Withdrawn => ({ check: it, by: 'a', at: '2026-11-21T00:00:00Z', why: 'x' })
const ids = (lines: { id: string }[]) => lines.map((it) => it.id).join('')
const house = (site: string, older: string | null, checks: Check[] = []) => ({ row: { site }, older, checks, withdrawn: [] }) as unknown as House

/** Answers each question with the next page, or with a refusal. */
function server(...pages: (Checks | number)[]): string[] {
  const asked: string[] = []
  vi.stubGlobal('fetch', async (path: string) => {
    asked.push(path)
    const page = pages.shift()!
    return typeof page === 'number' ? new Response('{"error":"store_unavailable","message":""}', { status: page }) : new Response(JSON.stringify(page))
  })
  return asked
}

describe('the register', () => {
  let scope: EffectScope | undefined
  afterEach(() => {
    scope?.stop()
    vi.unstubAllGlobals()
  })
  const opened = (first: House) => {
    const current = ref(first)
    scope = effectScope()
    return { current, ...scope.run(() => useRegister(() => current.value))! }
  }

  it('has each line once, the newest first, as the institution has it now', () => {
    const tie = ['2026-11-20T08:00:00.5Z', '2026-11-20T08:00:00Z'] as const
    const lines = joined(
      { checks: [check('a', '2026-11-02'), check('w', '2020-01-01')], withdrawn: [gone(check('x', '2026-11-01'))] },
      { checks: [check('c', '2025-01-01', tie[1]), check('b', '2025-01-01', tie[0]), check('d', '2025-01-01', tie[1]), check('x', '2026-11-01'), check('w', '2020-01-01')], withdrawn: [gone(check('y', '2024-01-01'))] },
    )
    expect([ids(lines.checks), ids(lines.withdrawn.map((it) => it.check))]).toEqual(['abcdw', 'xy'])
  })

  it('is read page by page to its end, from where the institution says', async () => {
    const asked = server({ checks: [check('b', '2025-03-01')], withdrawn: [], older: 'b' }, 503, { checks: [check('c', '2025-02-01')], withdrawn: [gone(check('d', '2025-01-01'))], older: null })
    const { lines, more, read, refused, reading } = opened(house('inst 1', '2025-11-20', [check('a', '2026-11-02')]))
    const first = read()
    void read()
    expect([asked.length, reading.value]).toEqual([1, true])
    await first
    expect([ids(lines.value.checks), more.value]).toEqual(['ab', true])
    await read()
    expect([refused.value?.key, ids(lines.value.checks), more.value]).toEqual(['store_unavailable', 'ab', true])
    await read()
    expect([refused.value, ids(lines.value.checks), lines.value.withdrawn.length, more.value]).toEqual([null, 'abc', 1, false])
    await read()
    expect(asked).toEqual(['2025-11-20', 'b', 'b'].map((it) => `/api/safety/inst%201/checks?before=${it}`))
  })

  it('begins anew at another institution, and takes no late page of the one before', async () => {
    server({ checks: [check('b', '2025-03-01')], withdrawn: [], older: 'b' }, { checks: [check('z', '2025-03-01')], withdrawn: [], older: null })
    const { current, lines, more, read, reading } = opened(house('inst1', '2025-11-20'))
    const late = read()
    current.value = house('inst2', null)
    await nextTick()
    await late
    expect([ids(lines.value.checks), more.value, reading.value]).toEqual(['', false, false])
    current.value = house('inst3', '2025-11-20')
    await nextTick()
    await read()
    expect(ids(lines.value.checks)).toBe('z')
    current.value = house('inst3', '2025-11-20')
    await nextTick()
    expect(ids(lines.value.checks), 'read again, the same').toBe('z')
    current.value = house('inst3', '2025-11-20', [check('a', '2026-11-02')])
    await nextTick()
    expect([ids(lines.value.checks), more.value], 'somebody has entered one').toEqual(['a', true])
  })
})
