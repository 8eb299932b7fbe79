/** The mock's world: incidents in every state over the demo district. Facts are invented; only their shape is the api's. */
import { randomUUID } from 'node:crypto'
import { fireOf, KINDS } from './kinds.mjs'

const iso = (ms) => new Date(ms).toISOString()
const ago = (s) => iso(Date.now() - s * 1000)
const ALLOWED = { open: ['acknowledge', 'cancel'], acknowledged: ['dispatch', 'resolve', 'cancel'], dispatched: ['dispatch'], on_scene: ['dispatch', 'resolve'], resolved: ['close'] }
const TARGET = { open: 60, acknowledged: 90, dispatched: 720, on_scene: 1800, resolved: 3600 }
const NEXT = { acknowledge: 'acknowledged', dispatches: 'dispatched', resolve: 'resolved', close: 'closed', cancel: 'cancelled' }
const ERRAND = { accept: 'accepted', decline: 'declined', depart: 'en_route', arrive: 'arrived', enter: 'entered', finish: 'done', recall: 'recalled' }
const MAY = { offered: ['accept', 'decline', 'recall'], accepted: ['depart', 'decline', 'recall'], en_route: ['arrive', 'recall'], arrived: ['enter', 'finish'], entered: ['finish'] }

export function board({ district, layers, areas, sites, seniors, zones, responders }, calm, kinds = false) {
  const brief = (s) => ({ code: s.code, kind: s.kind, name_zh: s.name_zh, name_en: s.name_en, area: s.area, address: s.address, lon: s.lon, lat: s.lat })
  const station = new Map(sites.map((s) => [s.code, s]))
  const world = {
    sites, seniors, zones, layers, brief,
    district: { ...district, areas: areas.map(({ outline, demo, ...a }) => a), sites: sites.map(({ address, phone, demo, ...s }) => s), layers: Object.keys(layers), colleagues: { duty: '赵敏' },
      causes: ['real_emergency', 'real_fall', 'real_fire', 'real_gas', 'help_needed', 'false_press', 'dropped_device', 'sat_down_hard', 'cooking_steam', 'device_fault', 'link_restored', 'test', 'other'] },
    responders: responders.map((r, i) => ({ code: r.code, name: r.name, kind: r.kind, vehicle: r.vehicle, skills: r.skills, area: r.area, lon: station.get(r.station).lon + Math.sin(i * 7) * 0.006, lat: station.get(r.station).lat + Math.cos(i * 5) * 0.004, position_at: ago(20), on_duty: i % 3 !== 0, busy: i % 11 === 1 })),
    figures: { devices: 9652, online: 9588, silent: 37, unprotected: 5, circle_share: 0.964, answer_p90_s: 11.9, answer_n: 42, alarms_10min: 3, ingest_per_s: 612, ingest_p99_ms: 21, probe_at: ago(40), probe_ms: 41 },
    presses: [], incidents: [], ended: [],
    unprotected: seniors.slice(40, 45).map((s, i) => ({ senior: person(s), site: brief(station.get(s.site)), why: ['silent', 'offline', 'never_seen', 'revoked', 'silent'][i], devices: [`sos-${s.site}`], since: ago(9000 + 4000 * i) })),
    isochrone(code) {
      const r = world.responders.find((one) => one.code === code)
      const blob = (k) => ({ type: 'Polygon', coordinates: [[...Array(41).keys()].map((i) => { const a = (i % 40) * Math.PI / 20; const w = k * (1 + 0.18 * Math.sin(3 * a) + 0.1 * Math.cos(5 * a)); return [r.lon + w * 1.28 * Math.cos(a), r.lat + w * Math.sin(a)] })] })
      return { responder: code, at: ago(1), from_station: false, bands: [blob(0.021), blob(0.0125), blob(0.006)], seconds: [900, 600, 300], seniors_inside: 1128 }
    },
    errand(id, verb, changed) {
      const card = world.incidents.find((it) => it.dispatches.some((one) => one.id === id))
      const one = card.dispatches.find((it) => it.id === id)
      Object.assign(one, { state: ERRAND[verb], allowed: MAY[ERRAND[verb]] ?? [] })
      card.stamps[ERRAND[verb]] = iso(Date.now())
      if (verb === 'arrive') Object.assign(card, { state: 'on_scene', state_at: iso(Date.now()), allowed: ALLOWED.on_scene, target_s: TARGET.on_scene })
      changed(card)
      return one
    },
  }
  if (kinds) every(world)
  else if (!calm) fill(world)
  return world
}

function person(s) {
  return { code: s.code, name: `${s.name[0]}**`, sex: s.sex, age: 2026 - s.birth_year, tags: s.tags, ability_level: s.ability_level }
}

function card(world, senior, kind, hazard, priority, state, seconds, more = {}) {
  const site = world.sites.find((s) => s.code === senior.site)
  const zone = world.zones.find((z) => z.code === senior.zone)
  const { before = 0, late_s = 0 } = more
  const stamps = { raised: ago(seconds + before + late_s), received: ago(seconds + before - 0.02), stored: ago(seconds + before - 0.04), shown: ago(seconds + before - 0.1) }
  if (state !== 'open') stamps.acknowledged = ago(seconds + before - 11.9)
  return {
    id: randomUUID(), version: 3, hazard, kind, kinds: [kind], priority, state, state_at: ago(seconds), target_s: TARGET[state], drill: false, rings: 1, level: 0, late_s,
    alarms: 1, active_alarms: 1, area: site.area, site: world.brief(site), zone: zone ? { code: zone.code, kind: zone.kind, name_zh: zone.name_zh, name_en: zone.name_en, floor: zone.floor } : null,
    senior: hazard === 'person' ? person(senior) : null, device: `${kind}-${site.code}`, acknowledged_by: state === 'open' ? null : '赵敏', dispatches: [], stamps, cause: null,
    allowed: ALLOWED[state].filter((it) => it !== 'cancel' || !['sos', 'smoke'].includes(kind)), ...more.over,
  }
}

function send(world, it, responder, state, seconds, travel) {
  it.stamps.offered = ago(seconds + 26)
  if (state !== 'offered') it.stamps.accepted = ago(seconds)
  it.dispatches.push({ id: randomUUID(), responder: responder.code, responder_name: responder.name, responder_kind: responder.kind, vehicle: responder.vehicle, state, offered_at: ago(seconds + 26), deadline_at: iso(Date.now() + 60000 - seconds * 1000), travel_s: travel, eta_at: state === 'offered' ? null : iso(Date.now() + (travel - seconds) * 1000), allowed: MAY[state] })
  return it
}

/** One incident of every kind, oldest state first. */
function every(world) {
  const home = (n) => world.seniors.filter((s) => s.zone === '')[n * 41]
  const bed = (n) => world.seniors.filter((s) => s.zone !== '')[n * 23]
  world.near = () => world.responders.filter((r) => r.on_duty && !r.busy)
  world.incidents = Object.entries(KINDS).map(([kind, [hazard, priority, , , where]], i) => card(world, where === 'h' ? home(i) : bed(i), kind, hazard, priority, 'open', 20 + i * 9, { over: { kinds: kind === 'fire_confirmed' ? ['fire_confirmed', 'smoke', 'heat'] : kind === 'smoke_check' ? ['smoke', 'smoke_check'] : [kind] } }))
}

function fill(world) {
  const at = (area, n) => world.seniors.filter((s) => s.zone === '' && world.sites.find((x) => x.code === s.site).area === area)[n]
  const bed = (n) => world.seniors.filter((s) => s.zone !== '')[n]
  const sos = card(world, at('120105008', 3), 'sos', 'person', 1, 'dispatched', 101, { before: 26 })
  Object.assign(sos.senior, { tags: ['lives_alone', 'anticoagulant', 'hearing_loss'], ability_level: 2, age: 86 })
  const free = world.responders.filter((r) => r.on_duty && !r.busy)
  const near = (c) => [...free].sort((a, b) => Math.hypot(a.lon - c.site.lon, a.lat - c.site.lat) - Math.hypot(b.lon - c.site.lon, b.lat - c.site.lat))
  world.near = near
  world.incidents = [
    card(world, bed(1210), 'smoke', 'fire', 1, 'open', 37, { over: { kinds: ['smoke', 'co'], alarms: 2, active_alarms: 2 } }),
    send(world, sos, near(sos)[1], 'en_route', 75, 250),
    card(world, at('120105003', 7), 'sos', 'person', 1, 'open', 9, { late_s: 840, over: { rings: 2 } }),
    card(world, at('120105010', 5), 'fall', 'person', 1, 'acknowledged', 44, { before: 15 }),
    card(world, at('120105005', 2), 'silence_life', 'technical', 2, 'acknowledged', 494),
    card(world, at('120105007', 2), 'silence_life', 'technical', 2, 'open', 131, { over: { level: 2, rings: 3 } }),
    card(world, bed(300), 'silence', 'technical', 3, 'acknowledged', 662, { over: { alarms: 6, active_alarms: 6 } }),
    card(world, at('120105006', 9), 'silence', 'technical', 3, 'open', 8200),
    card(world, at('120105002', 9), 'sos', 'person', 1, 'open', 21, { over: { drill: true } }),
    card(world, at('120105009', 4), 'fall', 'person', 1, 'resolved', 240, { before: 900 }),
  ]
  const fall = world.incidents[3]
  send(world, Object.assign(fall, { state: 'dispatched', target_s: 720, allowed: ['dispatch'] }), near(fall)[0], 'offered', 20, 190)
}

export function newPress(world) {
  const it = card(world, world.seniors[Math.floor(Math.random() * 1900)], 'sos', 'person', 1, 'open', 0)
  return { incident: it.id, alarm: randomUUID(), kind: 'sos', hazard: 'person', priority: 1, drill: false, at: iso(Date.now()), received_at: iso(Date.now()), area: it.area, device: it.device, site: it.site, zone: null, senior: it.senior }
}

export function candidates(world, it) {
  const list = (world.near?.(it) ?? []).slice(0, 9).map((r, i) => ({
    responder: r.code, name: r.name, kind: r.kind, vehicle: r.vehicle, skills: r.skills, travel_s: 250 + 52 * i, distance_m: 1100 + 310 * i, from_station: i === 2, able: i < 6, chosen: i === 0,
    reasons: i === 0 ? [{ rule: 'assign.nearest', value: 250, unit: 's' }, { rule: 'assign.coverage_after', value: 0.958, unit: 'share' }]
      : i < 6 ? [{ rule: 'assign.further', value: 52 * i, unit: 's' }, { rule: 'assign.coverage_after', value: 0.958 - 0.004 * i, unit: 'share' }]
        : [{ rule: 'assign.lacks_skill', value: null, unit: 'lifting' }],
  }))
  return list
}

export function step(world, it, verb, body) {
  if (verb === 'notes') return
  const now = iso(Date.now())
  const state = NEXT[verb]
  Object.assign(it, { state, state_at: now, target_s: TARGET[state] ?? null, allowed: ALLOWED[state] ?? [], cause: body.cause ?? null })
  if (verb === 'acknowledge') Object.assign(it, { acknowledged_by: '赵敏', stamps: { ...it.stamps, acknowledged: now } })
  if (verb === 'dispatches') send(world, it, world.responders.find((r) => r.code === body.responder) ?? world.near(it)[0], 'offered', 0, 250)
  if (state !== 'closed' && state !== 'cancelled') return
  world.incidents = world.incidents.filter((one) => one !== it)
  world.ended.unshift(it)
}

export function detailOf(world, it) {
  const senior = world.seniors.find((s) => s.code === it.senior?.code)
  const onset = Date.parse(it.stamps.raised)
  const wave = (f) => [...Array(60).keys()].map((i) => [onset - 100000 + i * 2300, f(i)])
  const plain = it.hazard === 'person'
    ? [{ device: 'wear-1', metric: 'heart_rate', unit: '1/min', points: wave((i) => 74 + (i > 43 ? 14 : 0) + Math.sin(i * 1.3) * 1.4) }, { device: 'motion-1', metric: 'motion', unit: '%', points: wave((i) => (i > 42 ? 2 : 20 + 30 * Math.abs(Math.sin(i * 1.9)))) }]
    : []
  const own = plain.map((one) => ({ ...one, zone: '', age_s: 12, limit: null, limit_source: '', doubtful: [] }))
  const reasons = { ...Object.fromEntries(Object.entries(KINDS).map(([kind, row]) => [kind, row[2]])), fall: [{ rule: 'device_detected_fall', value: null, limit: null, unit: '', source: 'ours' }] }
  const profile = (kind) => KINDS[kind]?.[3] ?? (kind === 'fall' ? 'wearable' : 'smoke_detector')
  const one = (kind) => ({ id: randomUUID(), source: `${kind}-${it.site.code}`, device: `${kind}-${it.site.code}`, profile: profile(kind), zone: it.zone?.code ?? '', kind, priority: KINDS[kind]?.[1] ?? it.priority, state: 'active', at: it.stamps.raised, received_at: it.stamps.received, stored_at: it.stamps.stored, cleared_at: null, ended_at: null, late_s: it.late_s, rule_version: `${kind}/1`, reasons: reasons[kind] ?? reasons.silence_life, evidence: {} })
  const { fire, curves, alarms } = fireOf(world, it, it.kinds.map(one), onset)
  let before = null
  const order = ['raised', 'received', 'stored', 'shown', 'acknowledged', 'offered', 'accepted', 'en_route', 'arrived', 'entered', 'resolved'].filter((k) => it.stamps[k])
  const targets = { received: 2, stored: 1, shown: 2, acknowledged: 60, offered: 90, accepted: 60 }
  const trail = order.map((kind, i) => {
    const cost = before === null ? null : (Date.parse(it.stamps[kind]) - before) / 1000
    before = Date.parse(it.stamps[kind])
    const d = it.dispatches[0]
    return { id: i, at: it.stamps[kind], kind, actor: kind === 'raised' ? `device:${it.device}` : kind === 'acknowledged' ? '赵敏' : 'system', data: kind === 'raised' ? { kind: it.kind, battery: 71 } : d ? { responder: d.responder } : {}, cost_s: cost, target_s: cost === null ? null : targets[kind] ?? null }
  })
  const places = new Map(world.responders.map((r) => [r.code, r]))
  const way = (d) => { const r = places.get(d.responder); const p = it.site; return [[r.lon, r.lat], [r.lon + (p.lon - r.lon) * 0.35, r.lat], [r.lon + (p.lon - r.lon) * 0.35, r.lat + (p.lat - r.lat) * 0.6], [p.lon, r.lat + (p.lat - r.lat) * 0.6], [p.lon, p.lat]] }
  return {
    card: it, private: senior ? { name: senior.name, phone: senior.phone, key_holder: senior.key_holder, key_note: senior.key_note, contacts: senior.contacts } : null,
    site_phone: '022-2488 1166', phones: {}, alarm_list: alarms, trail, curves: curves ?? own, fire,
    dispatch_list: it.dispatches.map((d) => ({ ...d, route: way(d), distance_m: 1120, accepted_at: it.stamps.accepted ?? null, en_route_at: null, arrived_at: null, entered_at: null, ended_at: null, ranking: candidates(world, it).map((c, i) => (i ? c : { ...c, responder: d.responder, name: d.responder_name })) })),
  }
}
