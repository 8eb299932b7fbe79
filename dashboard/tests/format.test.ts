import { describe, expect, it } from 'vitest'
import { count, fixed, measure, percent, timeOfDay } from '../src/format/number'
import { clock, clockMs, day, span, spanWord } from '../src/format/time'

describe('spans', () => {
  it.each([
    [0, '00:00'], [0.9, '00:00'], [37, '00:37'], [127.9, '02:07'], [3599, '59:59'], [3600, '1:00:00'], [8200, '2:16:40'], [-5, '00:00'],
  ])('%d s is %s', (seconds, text) => expect(span(seconds)).toBe(text))

  it.each([
    [0.019, 'ms', 19], [11.94, 's', 11.9], [26.4, 's', 26], [59.4, 's', 59], [240, 'min', 4], [840, 'min', 14], [7420, 'h', 2.1], [200_000, 'd', 2],
  ])('%d s in one word', (seconds, key, n) => expect(spanWord(seconds)).toEqual({ key, n }))
})

describe('clocks', () => {
  const at = Date.parse('2026-11-24T19:12:47.131Z')
  it('follow the zone of the cell, not of the browser', () => {
    expect(clock(at, 'Asia/Shanghai')).toBe('03:12:47')
    expect(clock(at, 'UTC')).toBe('19:12:47')
    expect(day(at, 'Asia/Shanghai')).toBe('2026-11-25')
  })
  it('midnight is 00, never 24', () => expect(clock(Date.parse('2026-11-24T16:00:00Z'), 'Asia/Shanghai')).toBe('00:00:00'))
  it('milliseconds are padded', () => {
    expect(clockMs(at, 'UTC')).toBe('19:12:47.131')
    expect(clockMs(at - 126, 'UTC')).toBe('19:12:47.005')
  })
})

describe('numbers', () => {
  it('unknown is shown as unknown, never as nothing', () => {
    expect([count(null), count(undefined), fixed(null, 1), percent(null)]).toEqual(['—', '—', '—', '—'])
    expect(count(0)).toBe('0')
  })
  it('thousands stand apart', () => {
    expect(count(8214)).toBe('8\u2009214')
    expect(count(1_234_567)).toBe('1\u2009234\u2009567')
    expect(count(999)).toBe('999')
  })
  it('a share rounds, but never up to a hundred that it is not', () => {
    expect(percent(0.964)).toBe('96.4')
    expect(percent(0.9999)).toBe('99.9')
    expect(percent(1)).toBe('100')
    expect(percent(0)).toBe('0.0')
  })
  it('minutes since midnight are a time of day', () => {
    expect([0, 460, 595.4, 1439, 1440].map(timeOfDay)).toEqual(['00:00', '07:40', '09:55', '23:59', '00:00'])
  })
  it('measured values keep three figures', () => {
    expect([measure(12.44), measure(0.301), measure(320), measure(88), measure(22.5)]).toEqual(['12.4', '0.301', '320', '88', '22.5'])
  })
})
