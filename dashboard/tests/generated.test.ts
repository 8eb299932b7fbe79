import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileFromFile } from 'json-schema-to-typescript'
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript'
import { describe, expect, it } from 'vitest'

const API = join(import.meta.dirname, '..', 'src', 'api')
const held = (name: string) => readFileSync(join(API, name), 'utf8')

describe('the types are those of the api', () => {
  it('REST: `npm run types` would change nothing', async () => {
    const made = astToString(await openapiTS(new URL(`file://${join(API, 'openapi.json')}`)))
    expect(COMMENT_HEADER + made).toBe(held('rest.ts'))
  }, 30_000)
  it('websocket: `npm run types` would change nothing', async () => {
    expect(await compileFromFile(join(API, 'live.schema.json'), { additionalProperties: false })).toBe(held('live.ts'))
  }, 30_000)
})
