import { describe, expect, it } from 'vitest'
import { computed, effectScope, ref } from 'vue'
import { Refused } from '../src/api/client'
import { useChoice } from '../src/dialogs/useChoice'
import { useRead } from '../src/dialogs/useRead'

describe('what a dialog reads', () => {
  function begin() {
    const calls: { done: (it: string) => void; fail: (why: unknown) => void }[] = []
    const scope = effectScope()
    const link = scope.run(() => useRead(() => new Promise<string>((done, fail) => { calls.push({ done, fail }) })))!
    return { calls, scope, link }
  }
  const unavailable = new Refused(503, 'store_unavailable', '')

  it('is told when it fails, and read again', async () => {
    const { calls, link } = begin()
    const first = link.read()
    calls[0]!.fail(unavailable)
    await first
    expect([link.found.value, link.trouble.value?.key]).toEqual([null, 'store_unavailable'])
    const again = link.read()
    expect(link.trouble.value).toBeNull()
    calls[1]!.done('x')
    await again
    expect([link.found.value, link.trouble.value]).toEqual(['x', null])
  })
  it('is what was asked for last, in whatever order it comes', async () => {
    const { calls, link } = begin()
    const both = [link.read(), link.read()]
    calls[1]!.done('second')
    calls[0]!.fail(unavailable)
    await Promise.all(both)
    expect([link.found.value, link.trouble.value]).toEqual(['second', null])
  })
  it('changes nothing once the dialog is left', async () => {
    const { calls, scope, link } = begin()
    const both = [link.read(), link.read()]
    scope.stop()
    calls[0]!.fail(unavailable)
    calls[1]!.done('late')
    await Promise.all(both)
    await link.read()
    expect([link.found.value, link.trouble.value, calls.length]).toEqual([null, null, 2])
  })
})

describe('who is chosen of a list', () => {
  const people = (...codes: string[]) => codes.map((responder) => ({ responder }))
  it('is a person, wherever he stands when the list is read again; whoever is gone leaves no choice', () => {
    const able = ref(people('r1', 'r2', 'r3'))
    const { at, choose, move } = useChoice(able, computed(() => 1))
    choose(1)
    move(1)
    expect(able.value[at.value]).toEqual({ responder: 'r3' })
    able.value = people('r3', 'r1', 'r2')
    expect(able.value[at.value]).toEqual({ responder: 'r3' })
    move(-1)
    expect(at.value).toBe(0)
    able.value = people('r1', 'r2')
    expect(able.value[at.value]).toBeUndefined()
    move(1)
    expect(at.value, 'a choice begins with the suggestion').toBe(1)
    move(1)
    expect(at.value).toBe(1)
  })
})
