import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App, createApp } from '../../src/http/app.ts'
import { revenant } from '../cli/run-revenant.ts'
import { example } from '../cli/workspace.ts'

const dir = mkdtempSync(join(tmpdir(), 'revenant-state-'))
const db = join(dir, 'log.db')
let app: App
beforeAll(async () => {
  expect(await revenant(['ingest', example('slow-importer'), '--db', db, '--json'])).toMatchObject({ code: 0 })
  app = createApp({ db })
}, 30_000)
afterAll(() => {
  app.close()
  rmSync(dir, { recursive: true })
})

const ask = (path: string, method = 'GET') => Promise.resolve(app.request(`/v1/buffers/${path}`, { method }))

describe('GET /v1/buffers/{capture}/{ino}/state?at=', () => {
  test('is what state --json prints', async () => {
    const response = await ask('1/20/state?at=78.0')
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toMatch(/^application\/json/)
    expect(response.headers.get('X-Log-Position')).toBe('68')
    expect(response.headers.get('ETag')).toMatch(/^"68-/)
    const { stdout } = await revenant(['state', '--at', '78.0', '--ino', '20', '--json', '--db', db])
    const body = (await response.json()) as { buffers: unknown[] }
    expect(body).toEqual(JSON.parse(stdout.toString()))
    expect(body.buffers).toMatchObject([{ ino: '20', state: 'revoking' }])
  })

  test('takes nanoseconds as well', async () => {
    expect(await (await ask('1/20/state?at=78000000000')).json()).toEqual(
      await (await ask('1/20/state?at=78.0')).json(),
    )
  })

  test.each([
    ['1/20/state', 400, 'bad-parameter', /at: is missing/],
    ['1/20/state?at=1.0&at=2.0', 400, 'bad-parameter', /at: is given twice/],
    ['1/20/state?at=noon', 400, 'bad-parameter', /at: "noon" is not a time/],
    [
      '1/20/state?at=1.0',
      400,
      'bad-parameter',
      /outside of capture 1, which reaches from 76176603000 to 79753386000 ns/,
    ],
    ['1/99/state?at=78.0', 404, 'not-found', /capture 1 has no buffer 99/],
    ['7/20/state?at=78.0', 404, 'not-found', /there is no capture 7/],
    ['1/x/state?at=78.0', 404, 'not-found', /both of them numbers/],
  ])('%s is %i %s', async (path, status, code, detail) => {
    const response = await ask(path)
    expect(response.status).toBe(status)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({
      type: `urn:revenant:problem:${code}`,
      status,
      detail: expect.stringMatching(detail),
    })
  })

  test('can only be read, and the query of the same name is still there', async () => {
    const response = await ask('1/20/state?at=78.0', 'POST')
    expect([response.status, response.headers.get('Allow')]).toEqual([405, 'GET, HEAD'])
    expect((await Promise.resolve(app.request('/v1/buffers?capture=1'))).status).toBe(200)
  })
})
