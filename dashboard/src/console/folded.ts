/** The trail as it is read: what only repeats the line before it (it rang again, still at the last level) is that line once more. Pure. */

import type { TrailLine } from '../api/types'

const REPEATS = new Set(['escalated', 'rang_again', 'not_departed', 'overdue'])

export interface Folded { readonly line: TrailLine; readonly times: number; readonly last: string }

export function folded(trail: readonly TrailLine[]): Folded[] {
  const found: Folded[] = []
  for (const line of trail) {
    const before = found[found.length - 1]
    if (before && repeats(before.line, line)) found[found.length - 1] = { ...before, times: before.times + 1, last: line.at }
    else found.push({ line, times: 1, last: line.at })
  }
  return found
}

function repeats(before: TrailLine, line: TrailLine): boolean {
  return REPEATS.has(line.kind) && before.kind === line.kind && before.data['level'] === line.data['level'] && before.data['kind'] === line.data['kind']
}
