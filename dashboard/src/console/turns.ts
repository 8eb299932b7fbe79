/**
 * One thing at a time, in the order of the presses: what is pressed while another thing is on its way waits for that and is not lost. The same
 * once more before it is answered is the same press.
 */

import { shallowRef } from 'vue'

export function createTurns<Asked>(same: (one: Asked, other: Asked) => boolean) {
  /** What is not answered yet; the first is on its way. */
  const asked = shallowRef<readonly Asked[]>([])
  let last: Promise<unknown> = Promise.resolve()

  /** `work` never throws: who waits behind it would wait for ever. False also for what was the same press. */
  async function take(own: Asked, work: () => Promise<boolean>): Promise<boolean> {
    if (asked.value.some((one) => same(one, own))) return false
    const first = !asked.value.length
    asked.value = [...asked.value, own]
    const mine = first ? work() : last.then(work)
    last = mine
    const done = await mine
    asked.value = asked.value.filter((one) => one !== own)
    return done
  }
  return { asked, take }
}
