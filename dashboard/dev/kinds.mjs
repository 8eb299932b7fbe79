/** The mock's alarms: reasons as the detectors give them, for every kind, and a fire over three zones. Facts are invented. */
import { randomUUID } from 'node:crypto'

const iso = (ms) => new Date(ms).toISOString()
const r = (rule, value = null, limit = null, unit = '', source = 'ours') => ({ rule, value, limit, unit, source })

/** kind -> hazard, priority, reasons, profile, whether it is about a person at home (h), in a bed (b) or a zone (z). */
export const KINDS = {
  fire_confirmed: ['fire', 1, [r('witnesses', 2, 2), r('witness_devices', 2), r('vouched_heat', null, null, '', "fixed rule or the device's own"), r('vouched_smoke', null, null, '', "fixed rule or the device's own")], null, 'z'],
  smoke: ['fire', 1, [r('smoke_over', 12.4, 10, '%/m', 'EN 54-7 [M]')], 'smoke_detector', 'z'],
  heat: ['fire', 1, [r('heat_static', 61.2, 58, '°C', 'EN 54-5 A1 [M]'), r('heat_rise', 14.3, 8.3, '°C/min', 'UL 521 [M]')], 'smoke_detector', 'z'],
  co: ['gas_co', 1, [r('co_mean_10_min', 118, 100, 'ppm', 'EN 50291-1 [M]')], 'co_detector', 'z'],
  gas: ['gas_co', 1, [r('gas_over', 14, 10, '%LEL', 'GB 15322.2-2019 [M]')], 'gas_detector', 'h'],
  fire_look: ['fire', 2, [r('fire_score', 0.83, 0.51, '', 'ours, model fire/3'), r('sign_temperature', 4.1, null, '°C'), r('sign_co', 11.2, null, 'ppm'), r('sign_smoke', 2.1, null, '%/m'), r('look_within', 180, null, 's')], null, 'z'],
  smoke_check: ['fire', 2, [r('looks_like_cooking'), r('confidence', 0.31), r('look_within', 120, null, 's')], null, 'z'],
  spread_look: ['fire', 2, [r('spread_order', 2), r('spread_smoke', 5.6, 5, '%/m', 'ours: half the limit')], null, 'z'],
  gas_co_look: ['gas_co', 2, [r('co_look', 34, 30, 'ppm', 'EN 50291-1 lowest gate [M]; ours')], null, 'z'],
  residual_current: ['fire', 2, [r('residual_current_over', 340, 300, 'mA', 'GB 14287.2 [M]')], 'electrical_monitor', 'z'],
  cable_heat: ['fire', 2, [r('cable_heat_over', 76, 70, '°C', 'GB 14287.3 [M]')], 'electrical_monitor', 'z'],
  sos: ['person', 1, [r('pressed')], 'sos_button', 'h'],
  fall_motion: ['person', 2, [r('fall_likely', 91.4, 72, '%', 'falls/4'), r('fall_drop', 1.9), r('fall_impact', 2.4), r('fall_stillness', 0.8)], 'wearable', 'h'],
  long_lie: ['person', 1, [r('long_lie', 60, 60, 's')], 'wearable', 'h'],
  on_floor: ['person', 1, [r('on_floor', 75, 60, 's')], 'fall_radar', 'b'],
  no_movement: ['person', 2, [r('no_movement', 23400, 14400, 's', 'routine 3')], 'motion_sensor', 'h'],
  not_up: ['person', 2, [r('not_up', 565, 480, 'clock', 'routine 3')], 'motion_sensor', 'h'],
  not_back_in_bed: ['person', 2, [r('not_back_in_bed', 1200, 1200, 's')], 'bed_sensor', 'b'],
  bathroom_stay: ['person', 2, [r('bathroom_stay', 2460, 2400, 's')], 'motion_sensor', 'h'],
  wandering: ['person', 2, [r('beyond_zone', null, null, '', "the resident's zones")], 'wearable', 'b'],
  vital_signs: ['person', 2, [r('heart_rate', 134, null, '1/min', 'NEWS2'), r('breathing_rate', 26, null, '1/min', 'NEWS2'), r('heart_climbs', 31, 25, '1/min')], 'bed_sensor', 'b'],
  door_at_night: ['person', 3, [r('door_at_night', 172, null, 'clock'), r('door_nights', 0.02, null, 'share', 'routine 3'), r('not_back_inside', 600, 600, 's')], 'door_contact', 'h'],
  sensor_fault: ['technical', 3, [r('fault_dirty', 3.4, 2.5, '%/m')], 'smoke_detector', 'z'],
  chatter: ['technical', 4, [r('chatter_often', 4, 3)], 'smoke_detector', 'z'],
  silence_life: ['technical', 2, [r('silent', 7420, 7200, 's', 'GB 50440, BS 5839-1')], 'sos_button', 'h'],
}

export const briefOf = (z) => ({ code: z.code, kind: z.kind, name_zh: z.name_zh, name_en: z.name_en, floor: z.floor })
const RAISED = { fire_confirmed: 130, smoke: 100, heat: 118, fire_look: 45 }

/** The zones of a fire: its own, the next room and the corridor, each a little later. */
export function fireOf(world, it, alarms, onset) {
  if (!['fire', 'gas_co'].includes(it.hazard)) return { fire: null, curves: null, alarms }
  const zones = it.zone ? [it.zone, ...(it.kinds.length > 2 ? world.zones.filter((z) => z.site === it.site.code && z.floor === it.zone.floor && z.code !== it.zone.code && ['room', 'corridor'].includes(z.kind)).slice(0, 2).map(briefOf) : [])] : [null]
  const at = (i) => onset + i * 41_000
  const all = zones.flatMap((zone, i) => it.kinds.slice(0, i ? 1 : 9).map((kind) => ({ ...alarms[it.kinds.indexOf(kind)], id: randomUUID(), zone: zone?.code ?? '', at: iso(at(i) + (RAISED[kind] ?? 90) * 100), device: `smoke-${zone?.code ?? it.site.code}` })))
  const beds = world.seniors.filter((s) => s.site === it.site.code && world.zones.find((z) => z.code === s.zone)?.floor === it.zone?.floor)
  const rank = (s) => (s.tags.includes('bedridden') ? 0 : s.tags.includes('wheelchair') ? 1 : s.ability_level >= 3 ? 2 : 9)
  const aids = { bedridden: 'evacuation_sheet', wheelchair: 'wheelchair', oxygen: 'oxygen_bottle', dementia: 'guide', hearing_loss: 'wake_by_touch' }
  const people = beds.slice(0, 16).map((s, i) => ({
    senior: { code: s.code, name: `${s.name[0]}**`, sex: s.sex, age: 2026 - s.birth_year, tags: s.tags, ability_level: s.ability_level }, name: s.name, bed: s.zone ? briefOf(world.zones.find((z) => z.code === s.zone)) : null,
    order: i < 9 ? 1 + (i % zones.length) : 0, reduced_mobility: rank(s) <= 2, aids: Object.entries(aids).filter(([tag]) => s.tags.includes(tag)).map(([, aid]) => aid), out_at: it.out?.[s.code] ?? null, out_by: it.out?.[s.code] ? 'duty' : '', rank: rank(s),
  })).sort((a, b) => !a.order - !b.order || a.rank - b.rank).map(({ rank: _, ...one }) => one)
  const moves = ['smoke', 'heat', 'fire_confirmed', 'co', 'gas'].some((kind) => it.kinds.includes(kind))
  const worst = ['fire_confirmed', 'gas', 'co', 'heat', 'smoke', 'spread_look', 'residual_current', 'cable_heat', 'gas_co_look', 'fire_look', 'smoke_check'].find((kind) => it.kinds.includes(kind))
  const instruction = { fire_confirmed: 'evacuate', gas: 'air_and_shut_off', co: 'air_and_shut_off', heat: 'verify_fire', smoke: 'verify_fire', spread_look: 'look_beside_fire', residual_current: 'electrician', cable_heat: 'electrician', gas_co_look: 'look_and_air', fire_look: 'look', smoke_check: 'look_nuisance' }[worst]
  const wave = (i, f) => [...Array(80).keys()].map((n) => [onset - 120_000 + n * 4_000, f(n - 27 - i * 10)])
  const [limit, metrics] = it.kinds.includes('residual_current') || it.kinds.includes('cable_heat')
    ? [[300, 70], [['residual_current', 'mA', (n) => 40 + Math.max(0, n) * 22], ['cable_temperature', '°C', (n) => 41 + Math.max(0, n) * 0.9]]]
    : it.hazard === 'gas_co' ? [[300], [[it.kinds.includes('gas') ? 'gas' : 'co', it.kinds.includes('gas') ? '%LEL' : 'ppm', (n) => 2 + Math.max(0, n) * 2.4]]]
      : [[10, 58], [['smoke_obscuration', '%/m', (n) => 0.3 + Math.max(0, n) * 0.9], ['temperature', '°C', (n) => 22 + Math.max(0, n - 4) * 1.2]]]
  return {
    alarms: all,
    curves: zones.flatMap((zone, i) => metrics.map(([metric, unit, f], m) => ({ device: `smoke-${zone?.code ?? it.site.code}`, zone: zone?.code ?? '', metric, unit, points: wave(i, f), age_s: 4, limit: limit[m], limit_source: 'EN 54-7 [M]', doubtful: i === 1 && m === 0 ? [r('fault_dirty', 3.4, 2.5, '%/m')] : [] }))),
    fire: {
      instruction,
      zones: zones.map((zone, i) => ({ order: i + 1, zone, at: iso(at(i)), kinds: it.kinds.slice(0, i ? 1 : 9), devices: [`smoke-${zone?.code ?? it.site.code}`], stands: i < 2, reasons: it.kinds.slice(0, i ? 1 : 9).map((kind) => KINDS[kind][2][0]) })),
      evacuees: moves ? people : [],
    },
  }
}
