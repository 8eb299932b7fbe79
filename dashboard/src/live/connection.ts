/** One websocket that comes back: pings, notices death and gaps, waits with jitter, and says what it sees to its owner. */

import type { ClientMessage, ServerMessage } from '../api/types'
import { backoff, dead, offset, PING_EVERY } from './pulse'

export interface Listener {
  opened: () => void
  message: (message: ServerMessage) => void
  latency: (ms: number, offsetMs: number) => void
  /** Whether the connection stands, and when we last heard anything. */
  state: (connected: boolean, lastHeard: number) => void
  /** The server does not know us any more. */
  refused: () => void
}

const UNAUTHORISED = new Set([4401, 4403, 1008])
const CHECK_EVERY = 500

export class Connection {
  private socket: WebSocket | null = null
  private attempt = 0
  private lastHeard = Date.now()
  private pings = new Map<number, number>()
  private number = 0
  private timers: ReturnType<typeof setInterval>[] = []
  private retry: ReturnType<typeof setTimeout> | null = null
  private stopped = false

  constructor(private readonly url: string, private readonly listener: Listener) {}

  start(): void {
    this.timers = [setInterval(() => this.ping(), PING_EVERY), setInterval(() => this.check(), CHECK_EVERY)]
    this.open()
  }

  stop(): void {
    this.stopped = true
    this.timers.forEach(clearInterval)
    if (this.retry) clearTimeout(this.retry)
    this.drop()
  }

  send(message: ClientMessage): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false
    this.socket.send(JSON.stringify(message))
    return true
  }

  /** Give this connection up and begin another: after a gap, or when nothing is heard. */
  again(): void {
    this.drop()
    this.listener.state(false, this.lastHeard)
    if (this.stopped || this.retry) return
    this.retry = setTimeout(() => this.open(), backoff(this.attempt, Math.random()))
    this.attempt += 1
  }

  private open(): void {
    this.retry = null
    const socket = new WebSocket(this.url)
    this.socket = socket
    const openedAt = Date.now()
    this.pings.clear()
    socket.onopen = () => {
      this.lastHeard = Date.now()
      this.listener.opened()
      this.ping()
    }
    socket.onmessage = (event: MessageEvent<string>) => this.hear(event.data)
    socket.onclose = (event) => {
      if (socket !== this.socket) return
      if (UNAUTHORISED.has(event.code)) this.listener.refused()
      this.again()
    }
    setTimeout(() => {
      if (socket === this.socket && socket.readyState === WebSocket.CONNECTING && Date.now() - openedAt >= 4_900) this.again()
    }, 5_000)
  }

  private hear(data: string): void {
    this.lastHeard = Date.now()
    const message = JSON.parse(data) as ServerMessage
    if (message.type === 'pong') this.pong(message.number, Date.parse(message.server_time))
    if (message.type === 'snapshot') this.attempt = 0
    this.listener.state(true, this.lastHeard)
    this.listener.message(message)
  }

  private ping(): void {
    this.number += 1
    if (this.send({ type: 'ping', number: this.number })) this.pings.set(this.number, Date.now())
  }

  private pong(number: number, serverTime: number): void {
    const sent = this.pings.get(number)
    this.pings.delete(number)
    if (sent !== undefined) this.listener.latency(Date.now() - sent, offset(sent, Date.now(), serverTime))
  }

  private check(): void {
    if (this.socket?.readyState === WebSocket.OPEN && dead(this.lastHeard, Date.now())) this.again()
  }

  private drop(): void {
    const socket = this.socket
    this.socket = null
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }
}
