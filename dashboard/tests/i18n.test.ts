import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createI18n } from 'vue-i18n'
import openapi from '../src/api/openapi.json'
import { MESSAGES, remembered } from '../src/i18n'

const ROOT = join(import.meta.dirname, '..', '..')
const SOURCE = join(import.meta.dirname, '..', 'src')
const { zh, en } = MESSAGES
const keys = new Set(Object.keys(zh))

function files(folder: string, ext: RegExp): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? (name === '__pycache__' ? [] : files(path, ext)) : ext.test(name) ? [path] : []
  })
}
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const names = (text: string) => [...text.matchAll(/"([a-z_0-9.]+)"/g)].map((m) => m[1]!)
/** The strings inside the first parentheses after a name in a Python module. */
function table(path: string, name: string): string[] {
  const text = read(path)
  const start = text.indexOf(`\n${name}`)
  expect(start, `${name} in ${path}`).toBeGreaterThanOrEqual(0)
  return names(text.slice(start, text.indexOf('\n)', start) > 0 && text[text.indexOf('(', start) + 1] === '\n' ? text.indexOf('\n)', start) : text.indexOf('\n', start + 1)))
}
function missing(prefix: string, wanted: Iterable<string>): string[] {
  return [...new Set(wanted)].map((name) => `${prefix}.${name}`).filter((key) => !keys.has(key))
}

describe('both languages', () => {
  it('have the same keys', () => expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort()))
  it('have the same places for values', () => {
    const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()
    for (const key of keys) expect(places(en[key]!), key).toEqual(places(zh[key]!))
  })
  it('compile, and no text is empty', () => {
    for (const [locale, messages] of Object.entries(MESSAGES)) {
      const { t } = createI18n({ legacy: false, locale, messages: { [locale]: messages }, messageResolver: (all, key) => (all as Record<string, string>)[key] ?? null }).global
      for (const key of keys) {
        expect(messages[key]!.length, key).toBeGreaterThan(0)
        expect(t(key, { n: 1, span: 'x' }), key).not.toBe(key)
      }
    }
  })
  it('English is English', () => {
    for (const key of keys) if (!/language/.test(key)) expect(en[key], key).not.toMatch(/[\u4e00-\u9fff]/)
  })
  it('Chinese is the default, and the choice is remembered', () => {
    expect(remembered(undefined)).toBe('zh')
    expect(remembered({ getItem: () => 'en' })).toBe('en')
    expect(remembered({ getItem: () => 'xx' })).toBe('zh')
  })
})

describe('every word of the server has a sentence', () => {
  it('kinds of alarm and hazards', () => {
    const kinds = [...read('dispatch/alarm.py').matchAll(/^ {4}Kind\("(\w+)"/gm)].map((m) => m[1]!)
    expect(kinds.length).toBeGreaterThan(5)
    expect(missing('kind', kinds)).toEqual([])
    expect(missing('brief', kinds)).toEqual([])
    expect(missing('hazard', table('dispatch/alarm.py', 'HAZARDS'))).toEqual([])
  })
  it('reasons of detectors', () => {
    const text = files(join(ROOT, 'analytics', 'detectors'), /\.py$/).map((path) => readFileSync(path, 'utf8')).join('\n')
    const rules = [...text.matchAll(/Reason\(\s*f?"([^"]+)"/g)].map((m) => m[1]!)
    const spelled = rules.flatMap((rule) => {
      if (rule.includes('{level.kind}')) return [...text.matchAll(/Level\("(\w+)"/g)].map((m) => rule.replace('{level.kind}', m[1]!))
      if (rule.includes('{minutes}')) return ['10', '60', '120'].map((n) => rule.replace('{minutes}', n))
      return [rule]
    })
    expect(spelled.length).toBeGreaterThan(10)
    expect(spelled.filter((rule) => rule.includes('{'))).toEqual([])
    expect(missing('reason', spelled)).toEqual([])
  })
  it('reasons of assignment', () => {
    const rules = names(read('dispatch/candidate.py')).filter((name) => name.startsWith('assign.'))
    expect(rules.length).toBeGreaterThan(10)
    expect(missing('reason', rules)).toEqual([])
  })
  it('states, causes, stamps', () => {
    const states = (enumeration: string, path: string) => {
      const text = read(path)
      const from = text.indexOf(`class ${enumeration}`)
      return [...text.slice(from, text.indexOf('\n\n\n', from)).matchAll(/= "(\w+)"/g)].map((m) => m[1]!)
    }
    expect(missing('state', states('IncidentState', 'dispatch/incident.py'))).toEqual([])
    expect(missing('dispatch', states('DispatchState', 'dispatch/offer.py'))).toEqual([])
    expect(missing('cause', table('dispatch/incident.py', 'CAUSES'))).toEqual([])
    expect(missing('stamp', table('dispatch/incident.py', 'STAMPS'))).toEqual([])
    expect(missing('trail', table('dispatch/incident.py', 'STAMPS'))).toEqual([])
  })
  it('lines of the trail', () => {
    const text = files(join(ROOT, 'store'), /\.py$/).map((path) => readFileSync(path, 'utf8')).join('\n')
    const said = [...text.matchAll(/trail\.add\([^)\n]*/g)].flatMap((m) => names(m[0])).filter((name) => !['system', 'note'].includes(name))
    const lines = [...(/_LINE = \{([^}]*)\}/.exec(text)?.[1] ?? '').matchAll(/: "(\w+)"/g)].map((m) => m[1]!)
    expect(lines.length).toBeGreaterThan(3)
    const words = new Set(['kind', 'alarm', 'by', 'level', 'cause', 'dispatch', 'responder', 'battery', 'senior', 'device', 'command', 'message'])
    const marks = names(/^BROUGHT_OUT, NOT_OUT = .*$/m.exec(read('store/evacuation.py'))![0])
    expect(marks).toHaveLength(2)
    expect(missing('trail', [...said.filter((name) => !words.has(name)), ...lines, ...marks, 'note'])).toEqual([])
  })
  it('playbooks: names, steps and who does them, commands to sirens', () => {
    const text = read('dispatch/playbook.py')
    const steps = [...text.matchAll(/^ {4}Step\("(\w+)"/gm)].map((m) => m[1]!)
    const books = [.../_PLAYBOOKS = \{([\s\S]*?)\n\}/.exec(text)![1]!.matchAll(/^ {4}"(\w+)":/gm)].map((m) => m[1]!)
    const lines = [...read('store/playbook.py').matchAll(/StepState\.\w+: "(\w+)"/g)].map((m) => m[1]!)
    const acts = [...read('dispatch/siren.py').matchAll(/ = "(siren_\w+)"/g)].flatMap((m) => [m[1]!, `${m[1]!}_answered`, `${m[1]!}_elsewhere`])
    expect([steps.length, books.length, lines.length, acts.length].every((n) => n > 2)).toBe(true)
    expect(missing('step', steps)).toEqual([])
    expect(missing('playbook', books)).toEqual([])
    expect(missing('doer', ['desk', 'staff', 'responder'])).toEqual([])
    expect(missing('trail', [...lines, ...acts, 'siren_refused'])).toEqual([])
  })
  it('people: tags, kinds, skills, vehicles, roles, ability', () => {
    const path = 'care/people.py'
    expect(missing('tag', table(path, 'TAGS'))).toEqual([])
    expect(missing('responder', table(path, 'RESPONDER_KINDS'))).toEqual([])
    expect(missing('skill', table(path, 'SKILLS'))).toEqual([])
    expect(missing('vehicle', table(path, 'VEHICLES'))).toEqual([])
    expect(missing('role', table(path, 'ROLES'))).toEqual([])
    expect(missing('ability', ['0', '1', '2', '3', '4'])).toEqual([])
    expect(missing('site', table('care/places.py', 'SITE_KINDS'))).toEqual([])
  })
  it('devices: profiles and metrics', () => {
    const text = read('devices/profiles.py')
    expect(missing('metric', [...text.matchAll(/Metric\("(\w+)"/g)].map((m) => m[1]!))).toEqual([])
    expect(missing('profile', [...text.matchAll(/_(?:battery|mains)\(\s*"(\w+)"/g)].map((m) => m[1]!))).toEqual([])
  })
  it('errors', () => {
    const text = read('api/problems.py') + read('api/refusals.py')
    const found = [...text.matchAll(/\(\d{3}, "(\w+)"\)/g), ...text.matchAll(/\d{3}: "(\w+)"/g), ...text.matchAll(/problem\(\w+, "(\w+)"/g)].map((m) => m[1]!)
    expect(found.length).toBeGreaterThan(8)
    expect(missing('error', found)).toEqual([])
  })
  it('why someone is unprotected', () => {
    const why = openapi.components.schemas.UnprotectedShape.properties.why.enum
    expect(missing('unprotected', why)).toEqual([])
  })
})

describe('every key', () => {
  const text = files(SOURCE, /\.(vue|ts)$/).filter((path) => !path.includes('/i18n/')).map((path) => readFileSync(path, 'utf8')).join('\n')
  it('that the pages name exists', () => {
    const named = [...text.matchAll(/\bt\(\s*'([a-z_.0-9]+)'/g)].map((m) => m[1]!)
    expect(named.length).toBeGreaterThan(50)
    expect(named.filter((key) => !keys.has(key))).toEqual([])
  })
  it('is used', () => {
    const prefixes = [...text.matchAll(/`([a-z_]+(?:\.[a-z_]+)*\.)\$\{/g)].map((m) => m[1]!)
    const idle = [...keys].filter((key) => !text.includes(`'${key}'`) && !prefixes.some((prefix) => key.startsWith(prefix)) && !/^(hazard|site|trail|who)\./.test(key))
    expect(idle).toEqual([])
  })
})
