/**
 * One thing at a time to each incident, in the order of the presses: what is pressed while another thing is on its way waits for that and is
 * not lost. The same once more before it is answered is the same press. Another incident's answers are not waited for.
 */

import { shallowRef } from 'vue'

export function createTurns<Asked extends { readonly id: string | null }>(same: (one: Asked, other: Asked) => boolean) {
  /** What is not answered yet; of each incident the first is on its way. */
  const asked = shallowRef<readonly Asked[]>([])
  const last = new Map<string | null, Promise<unknown>>()

  /** `work` never throws: who waits behind it would wait for ever. False also for what was the same press. */
  async function take(own: Asked, work: () => Promise<boolean>): Promise<boolean> {
    if (asked.value.some((one) => same(one, own))) return false
    const before = last.get(own.id)
    asked.value = [...asked.value, own]
    const mine = before ? before.then(work) : work()
    last.set(own.id, mine)
    const done = await mine
    asked.value = asked.value.filter((one) => one !== own)
    if (last.get(own.id) === mine) last.delete(own.id)
    return done
  }
  return { asked, take }
}
