/** The one store of a logged-in page: the board, the link to the server and the clock, as Vue sees them. */

import { computed, type InjectionKey, inject, onScopeDispose, ref, shallowRef } from 'vue'
import type { District, IncidentCard, Me } from '../api/types'
import { type Item, items } from '../queue/items'
import { sections } from '../queue/order'
import { adopt, EMPTY, reconnected, reduce } from './board'
import { Connection } from './connection'
import { GRACE } from './pulse'

const TICK = 250
const ORDER_TICK = 1_000

export type Fault = { what: 'socket' | 'broker' | 'board' | 'database' | 'failing'; why?: string; since: number }

/** Whether presses reach us all the same. */
export const degrades = (fault: Fault) => fault.what === 'database' || fault.what === 'failing'

export function createStore(me: Me, district: District, onRefused: () => void) {
  const board = shallowRef(EMPTY)
  const link = shallowRef<{ connected: boolean; lastHeard: number }>({ connected: false, lastHeard: Date.now() })
  const latency = ref<number | null>(null)
  const skew = ref(0)
  const now = ref(Date.now())
  const orderAt = ref(Date.now())
  const selected = ref<string | null>(null)

  const connection = new Connection(socketUrl(), {
    opened: () => { board.value = reconnected(board.value) },
    message: (message) => {
      board.value = reduce(board.value, message)
      if (message.type === 'hello') skew.value = Date.parse(message.server_time) - Date.now()
      if (board.value.gap) connection.again()
      // a browser lets the timers of a hidden page sleep for a minute: what arrives is heard then all the same
      if (Math.abs(Date.now() + skew.value - now.value) > 4 * TICK) tick()
    },
    latency: (ms, offsetMs) => {
      latency.value = latency.value === null ? ms : Math.round(latency.value * 0.7 + ms * 0.3)
      skew.value = offsetMs
    },
    state: (connected, lastHeard) => {
      link.value = { connected, lastHeard }
      if (!connected) latency.value = null
    },
    refused: onRefused,
  })
  connection.start()

  function tick(): void {
    now.value = Date.now() + skew.value
    if (Math.abs(now.value - orderAt.value) >= ORDER_TICK) orderAt.value = now.value // backwards too: our clock may have been wrong
  }
  const ticking = setInterval(tick, TICK)
  onScopeDispose(() => {
    clearInterval(ticking)
    connection.stop()
  })

  /** For what shows seconds: changes once a second, so that a storm of cards stays cheap. */
  const second = computed(() => Math.floor(now.value / 1_000) * 1_000)
  const list = computed(() => items(board.value))
  const queue = computed(() => sections(list.value, orderAt.value))
  const sorted = computed(() => queue.value.flatMap((one) => one.items))
  /** What is selected, as it was last seen when it has just left the board: it is let go by moving the selection. */
  const current = computed<Item | null>((before) => list.value.find((item) => item.id === selected.value) ?? (before?.id === selected.value ? before : null))

  /** What keeps presses from reaching us, worst first; a database fault alone does not, nor what else the server fails to do. */
  const fault = computed<Fault | null>(() => {
    const { connected, lastHeard } = link.value
    if (!connected && Math.abs(now.value - skew.value - lastHeard) > GRACE) return { what: 'socket', since: lastHeard + skew.value }
    const health = board.value.health
    if (health && !health.broker) return { what: 'broker', since: Date.parse(health.broker_since) }
    if (health && !health.database) return { what: 'database', since: Date.parse(health.database_since) }
    const failing = health ? { names: health.failing, since: Date.parse(health.failing_since) } : null
    if (failing?.names.includes('board')) return { what: 'board', since: failing.since }
    if (health?.database_refuses) return { what: 'database', why: health.database_refuses, since: Date.parse(health.database_since) }
    if (failing?.names[0]) return { what: 'failing', why: failing.names[0], since: failing.since }
    return null
  })

  return {
    me, district, board, link, latency, now, second, selected, list, queue, sorted, current, fault,
    adopt: (card: IncidentCard) => { board.value = adopt(board.value, card) },
    shown: (cards: { id: string; version: number }[]) => connection.send({ type: 'shown', incidents: cards }),
  }
}

export type Store = ReturnType<typeof createStore>
export const STORE: InjectionKey<Store> = Symbol('store')

export function useStore(): Store {
  const store = inject(STORE)
  if (!store) throw new Error('the store is provided by the page that logs in')
  return store
}

function socketUrl(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/live`
}
