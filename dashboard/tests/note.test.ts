import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createSSRApp, proxyRefs, type EffectScope, type SetupContext } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { createI18n } from 'vue-i18n'
import { createIds, drawn } from '../src/api/drawn'
import { createDesk, DESK, type Desk } from '../src/console/desk'
import { createDetail } from '../src/console/detail'
import OutcomeDialog from '../src/dialogs/OutcomeDialog.vue'
import { MESSAGES } from '../src/i18n'
import { STORE, type Store } from '../src/live/store'
import { item } from './build'
import { storeFor } from './wire'

interface Box { note: string; submit: () => void }
const sent: { id: string; note: string }[] = []
let store: Store
let scope: EffectScope
let desk: Desk
let answer: () => Response

beforeEach(() => {
  sent.length = 0
  answer = () => { throw new TypeError('no answer') }
  vi.stubGlobal('fetch', async (_path: string, init: RequestInit) => {
    sent.push(JSON.parse(String(init.body)))
    return answer()
  })
  const made = storeFor()
  store = made.store
  scope = made.scope
  desk = scope.run(() => createDesk(store, createDetail(store)))!
})
afterEach(() => { scope.stop(); vi.unstubAllGlobals() })

/** The note box as it is opened, without its page. */
async function opened(): Promise<Box> {
  let box: Box | undefined
  const setup = (_: object, context: SetupContext) => {
    box = proxyRefs(OutcomeDialog.setup!({ item: item('i1'), what: 'note' } as never, context as never) as never)
    return () => null
  }
  const app = createSSRApp({ setup })
  app.use(createI18n({ legacy: false, locale: 'zh', messages: MESSAGES }))
  app.provide(STORE, store)
  app.provide(DESK, desk)
  await renderToString(app)
  return box!
}

async function send(box: Box, words: string): Promise<string> {
  box.note = words
  box.submit()
  await vi.waitFor(() => { if (desk.busy('note')) throw new Error('not answered yet') })
  return sent.at(-1)!.id
}

it('a note that was not answered is the same note when it is sent again, and another one in other words', async () => {
  const box = await opened()
  const first = await send(box, '邻居已到')
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(desk.refused.value?.key).toBe('unreachable')
  box.note = '邻居已'
  expect(await send(box, '邻居已到 '), 'what stood there without being sent changes nothing').toBe(first)
  const other = await send(box, '无人应答')
  expect(other).not.toBe(first)
  answer = () => new Response('{"error":"store_unavailable"}', { status: 503 })
  expect(await send(box, '无人应答')).toBe(other)
  expect(sent.map((one) => one.note)).toEqual(['邻居已到', '邻居已到', '无人应答', '无人应答'])
})

it('what is written into a box that was opened anew is another note', async () => {
  expect(await send(await opened(), '无人应答')).not.toBe(await send(await opened(), '无人应答'))
})

it('each box has ids of its own, and no two are alike', () => {
  const [one, other] = [createIds(), createIds()]
  expect(one('x')).toBe(one('x'))
  expect(one('x')).not.toBe(other('x'))
  expect(new Set(Array.from({ length: 1000 }, drawn)).size).toBe(1000)
})
