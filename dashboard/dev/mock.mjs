/**
 * A developer's stand-in for the api: serves dist, canned REST and a living websocket, so that the console can be seen alone.
 *
 *   node dev/mock.mjs [--port 0] [--role duty|responder|regulator] [--district FILE] [--calm] [--kinds] [--dist DIR]
 *
 * --kinds: one incident of every kind of alarm. FILE is JSON {district, layers, seniors, responders} as dev/district.py prints it. Not part of the product; knows no rules:
 * it only moves cards along so that every state can be looked at. Keys on stdin: b broker, d database, s drop sockets, n new SOS.
 */
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { WebSocketServer } from 'ws'
import { playbookOf, pressSiren, pressStep } from './playbook.mjs'
import { board, candidates, detailOf, newPress, step } from './story.mjs'

const { values: args } = parseArgs({
  options: {
    port: { type: 'string', default: '0' }, role: { type: 'string', default: 'duty' },
    district: { type: 'string' }, calm: { type: 'boolean', default: false }, kinds: { type: 'boolean', default: false },
    dist: { type: 'string', default: join(import.meta.dirname, '..', 'dist') },
  },
})
const world = board(JSON.parse(readFileSync(args.district, 'utf8')), args.calm, args.kinds)
const me = { login: args.role, name: '赵敏', role: args.role, scope: '120105', responder: args.role === 'responder' ? world.incidents.flatMap((it) => it.dispatches).find((one) => one.state === 'offered').responder : null, demo: true }
const { dist } = args
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
let loggedIn = false

const since = new Date().toISOString()
const health = { broker: true, broker_since: since, database: true, database_since: since, database_refuses: null, failing: [], failing_since: since }
const sockets = new Set()
const send = (socket, body) => socket.send(JSON.stringify({ ...body, seq: (socket.seq = (socket.seq ?? -1) + 1) }))
const tell = (body) => sockets.forEach((socket) => send(socket, body))
const figures = () => ({ type: 'figures', at: new Date().toISOString(), figures: world.figures, health })
const changed = (card) => { card.version += 1; tell({ type: 'incident', incident: card }) }

const routes = {
  'POST /login': () => { loggedIn = true; return me },
  'POST /logout': () => { loggedIn = false; return null },
  'GET /me': () => me,
  'GET /district': () => world.district,
  'GET /unprotected': () => world.unprotected,
  'GET /circle': () => ({ at: since, share: 0.97, doubly: 0.9, within_s: 600, free: 31, outside_count: world.unprotected.length, outside: world.unprotected.map(({ senior, site }) => ({ senior, site })) }),
  'GET /responder/errands': () => world.incidents.filter((it) => it.dispatches.some((one) => one.responder === me.responder && !['done', 'declined'].includes(one.state))).map((it) => detailOf(world, it)),
  'POST /responder/position': () => null,
}

async function rest(method, path, body) {
  const fixed = routes[`${method} ${path}`]
  if (fixed) return fixed()
  const [, noun, id, verb, part] = path.split('/')
  if (noun === 'layers') return world.layers[id] ?? { type: 'FeatureCollection', features: [] }
  if (noun === 'responders') return world.isochrone(id)
  if (noun === 'dispatches') return world.errand(id, verb, changed)
  if (noun === 'incidents' && !id) return [...world.incidents, ...world.ended]
  const card = [...world.incidents, ...world.ended].find((it) => it.id === id)
  if (noun !== 'incidents' || !card) return undefined
  if (!verb) return detailOf(world, card)
  if (verb === 'playbook' || verb === 'sirens') {
    if (method === 'POST') { (verb === 'sirens' ? pressSiren : pressStep)(card, part, body, () => changed(card)); changed(card) }
    return playbookOf(world, card, args.role)
  }
  if (verb === 'candidates') return candidates(world, card)
  if (verb === 'evacuees') (card.out ??= {})[path.split('/')[4]] = body.out ? new Date().toISOString() : null
  else if (verb === 'cause') card.cause = body.cause
  else step(world, card, verb, body)
  changed(card)
  return detailOf(world, card)
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost')
  if (!pathname.startsWith('/api/')) {
    const file = extname(pathname) ? pathname : '/index.html'
    const body = await readFile(join(dist, file)).catch(() => null)
    response.writeHead(body ? 200 : 404, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
    return response.end(body)
  }
  let text = ''
  for await (const chunk of request) text += chunk
  const path = pathname.slice(4)
  const answer = loggedIn || path === '/login' ? await rest(request.method, path, text ? JSON.parse(text) : {}) : { status: 401 }
  const status = answer === undefined ? 404 : answer?.status === 401 ? 401 : 200
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(status === 200 ? answer : { error: status === 401 ? 'not_logged_in' : 'not_found', detail: path, allowed: [] }))
})

new WebSocketServer({ server, path: '/api/live' }).on('connection', (socket) => {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
  socket.on('message', (data) => {
    const message = JSON.parse(data)
    if (message.type === 'ping') send(socket, { type: 'pong', number: message.number, server_time: new Date().toISOString() })
  })
  send(socket, { type: 'hello', server_time: new Date().toISOString(), version: '0.1.0' })
  const { figures: f } = figures()
  send(socket, { type: 'snapshot', at: new Date().toISOString(), incidents: world.incidents, presses: world.presses, responders: world.responders, figures: f, health })
})
setInterval(() => tell(figures()), 2000)

process.stdin.on('data', (data) => {
  const flip = { b: 'broker', d: 'database' }[data.toString().trim()]
  if (flip) Object.assign(health, { [flip]: !health[flip], [`${flip}_since`]: new Date().toISOString() })
  if (data.toString().startsWith('s')) sockets.forEach((socket) => socket.terminate())
  if (data.toString().startsWith('n')) tell({ type: 'press', press: newPress(world) })
  tell(figures())
})
process.stdin.unref?.()
server.listen(Number(args.port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
