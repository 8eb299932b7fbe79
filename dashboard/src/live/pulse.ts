/** The connection's own clocks. Pure: chance and the moment are arguments (ms). */

export const PING_EVERY = 2_000
export const DEAD_AFTER = 5_000
/** A reconnect shorter than this is not worth frightening anyone. */
export const GRACE = 1_500

const FIRST_DELAY = 250
/** A desk that waits longer than this beside a server that is back sees a press late; a few dozen consoles knocking cost nothing. */
const LONGEST_DELAY = 1_500

/** How long to wait before the n-th attempt (from 0): doubling, with jitter between a half and the whole. `chance` in [0, 1). */
export function backoff(attempt: number, chance: number): number {
  const whole = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(attempt, 10))
  return Math.round(whole * (0.5 + chance / 2))
}

/** A moment in our future is one before our clock was set back: how long ago it is nobody knows. */
export function dead(lastHeard: number, now: number): boolean {
  return Math.abs(now - lastHeard) > DEAD_AFTER
}

/** Our clock against the server's, from one ping and its pong: what to add to ours, in ms. */
export function offset(sentAt: number, heardAt: number, serverTime: number): number {
  return serverTime - (sentAt + heardAt) / 2
}
