/** The mock's playbooks: enough of the api's shape to look at every row of the box. Knows no rules. */
import { randomUUID } from 'node:crypto'

const iso = (ms) => new Date(ms).toISOString()
const DESK = ['desk'], BOTH = ['staff', 'responder']
const DOERS = { phone_site: DESK, phone_person: DESK, call_119: DESK, call_120: DESK, sound_siren: DESK, call_electrician: DESK, tell_family: DESK, meet_engine: ['staff'] }
const BOOKS = {
  look: 'phone_site look! close_doors', look_nuisance: 'phone_site look! air_room', look_beside_fire: 'phone_site look_neighbours! close_doors',
  look_and_air: 'phone_site look! air_room', electrician: 'phone_site look cut_power call_electrician!',
  verify_fire: 'phone_site verify! call_119 sound_siren close_doors cut_gas cut_power meet_engine',
  evacuate: 'call_119! sound_siren! evacuate_first! evacuate! close_doors cut_gas cut_power open_vents meet_engine! headcount!',
  air_and_shut_off: 'phone_site cut_gas! air_room! evacuate_first evacuate call_119 meet_engine headcount',
  answer_press: 'phone_person call_120 first_aid check_after tell_family', lift: 'phone_person do_not_move! call_120 first_aid check_after! tell_family',
}
const OF = { fire_confirmed: 'evacuate', gas: 'air_and_shut_off', co: 'air_and_shut_off', smoke: 'verify_fire', heat: 'verify_fire', spread_look: 'look_beside_fire', residual_current: 'electrician', cable_heat: 'electrician', gas_co_look: 'look_and_air', fire_look: 'look', smoke_check: 'look_nuisance', fall: 'lift', long_lie: 'lift', on_floor: 'lift', sos: 'answer_press', pull_cord: 'answer_press' }
const held = new Map()

const state = (id) => held.get(id) ?? held.set(id, { stamps: {}, sirens: {}, silenced: false }).get(id)

function siren(it, device, act, told) {
  const at = Date.now()
  const command = { id: randomUUID(), act, at: iso(at), by: 'duty', by_name: '赵敏', late_at: iso(at + 8000), expires_at: iso(at + 30000), sent_at: iso(at), answered_at: null, done: null }
  it.sirens[device] = command
  if (device.endsWith('1')) setTimeout(() => { Object.assign(command, { answered_at: iso(Date.now()), done: 'siren' }); told() }, 1500)
}

export function playbookOf(world, card, role) {
  const it = state(card.id)
  const book = Object.keys(OF).find((kind) => card.kinds.includes(kind))
  const instruction = OF[book] ?? ''
  const words = (BOOKS[instruction] ?? '').split(' ').filter(Boolean)
  const fire = ['fire', 'gas_co'].includes(card.hazard)
  const all = words.map((word) => {
    const key = word.replace('!', '')
    const stamp = it.stamps[key] ?? null
    const undo = stamp && key !== 'sound_siren' && Date.now() - Date.parse(stamp.at) < 60000
    return { key, doers: DOERS[key] ?? BOTH, by_person: !['look', 'look_neighbours', 'verify'].includes(key), calls: /^call_1/.test(key) ? key.slice(5) : '', sounds: key === 'sound_siren', may_skip: !word.endsWith('!'), wanted: true,
      stamp: stamp && { ...stamp, undo_until: undo ? iso(Date.parse(stamp.at) + 60000) : null }, allowed: role === 'regulator' ? [] : stamp ? (undo ? ['undo'] : []) : word.endsWith('!') ? ['do'] : ['do', 'skip'] }
  })
  const steps = role === 'responder' ? all.filter((one) => one.doers.includes('responder')) : all
  const sirens = fire && role !== 'responder' ? ['一层走廊', '二层走廊'].map((zone_zh, i) => {
    const command = it.sirens[`siren-${i + 1}`] ?? null
    const other = world.incidents.find((one) => one.id !== card.id && one.hazard === 'fire')
    const used_by = i && other && !it.silenced ? [{ incident: other.id, kind: other.kind, drill: other.drill, at: iso(Date.now() - 90000), by: 'chief', by_name: '钱峰' }] : []
    return { used_by, device: `siren-${i + 1}`, zone_zh, zone_en: `corridor ${i + 1}`, online: true, seen_at: iso(Date.now()), command, sounds_until: command?.answered_at && command.act === 'siren_on' ? iso(Date.parse(command.at) + 300000) : null }
  }) : []
  return {
    incident: card.id, version: card.version, instruction, next: steps.find((one) => !one.stamp)?.key ?? '', steps, sirens, may_sound: role !== 'regulator', may_cap: fire && role !== 'regulator',
    sheet: role === 'responder' ? null : { site_zh: card.site.name_zh, site_en: card.site.name_en, address: card.site.address, callback: '022-26350001', kinds: card.kinds, zones: card.zone ? [card.zone] : [], floors: 4, residents: 186, residents_in_zones: 6, reduced_mobility: 71, reduced_mobility_in_zones: 3, entrance_zh: fire ? '一层大厅' : '', entrance_en: fire ? 'Hall, ground floor' : '', drill: card.drill },
  }
}

export function pressStep(card, key, body, told) {
  const it = state(card.id)
  if (body.do === 'undo') delete it.stamps[key]
  else it.stamps[key] ??= { state: body.do === 'skip' ? 'skipped' : 'done', at: iso(Date.now()), by: 'duty', by_name: '赵敏', device: body.device ?? '', reason: body.reason ?? '' }
  if (key === 'sound_siren' && body.do === 'do') ['siren-1', 'siren-2'].forEach((device) => siren(it, device, 'siren_on', told))
}

/** The second siren sounds for another fire too, until somebody silences it who knows. */
export function pressSiren(card, device, body, told) {
  const it = state(card.id)
  if (body.act === 'siren_off' && body.confirm) it.silenced = true
  siren(it, device, body.act, told)
}
