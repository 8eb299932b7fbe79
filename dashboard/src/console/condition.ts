/** What still holds of what was reported. Pure. A press or a fall is over in a moment: it stays until a person resolves it. */

import type { AlarmShape } from '../api/types'

export type Condition = 'active' | 'ended' | 'latched' | 'cleared'

const MOMENTARY = new Set(['sos', 'pull_cord', 'fall'])

export function condition(alarms: readonly Pick<AlarmShape, 'kind' | 'state' | 'ended_at'>[]): Condition {
  const standing = alarms.filter((alarm) => alarm.state === 'active')
  if (!standing.length) return 'cleared'
  const lasting = standing.filter((alarm) => !MOMENTARY.has(alarm.kind))
  if (!lasting.length) return 'latched'
  return lasting.some((alarm) => alarm.ended_at === null) ? 'active' : 'ended'
}
