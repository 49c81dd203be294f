import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type App, createApp } from '../../src/http/app.ts'
import { openWriter } from '../../src/log/connection.ts'
import { type LogFixture, makeLog } from '../queries/log-fixture.ts'

/** A log whose third segment cannot be unpacked, behind a real socket: only there can a connection be cut. */
let log: LogFixture
let app: App
let server: ReturnType<typeof createAdaptorServer>
beforeAll(async () => {
  log = await makeLog()
  const { sqlite, close } = await openWriter(log.path)
  sqlite.exec(`DROP TRIGGER segment_no_update; UPDATE segment SET text = x'00' WHERE capture = 2`)
  close()
  app = createApp({ db: log.path })
  server = createAdaptorServer({ fetch: app.fetch })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.close()
  app.close()
  log.remove()
})

interface Received {
  status: number | undefined
  bytes: Buffer
  complete: boolean
}

function get(path: string): Promise<Received> {
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    request({ port, path, host: '127.0.0.1' }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', () => {})
      response.on('close', () =>
        resolve({ status: response.statusCode, bytes: Buffer.concat(chunks), complete: response.complete }),
      )
    })
      .on('error', reject)
      .end()
  })
}

const END_OF_STREAM = Buffer.from([255, 255, 255, 255, 0, 0, 0, 0])

test.each(['.arrows', '.json', '.ndjson', '.csv'])('%s that fails on its way is cut off, not ended', async (suffix) => {
  const { status, bytes, complete } = await get(`/v1/events${suffix}`)
  expect([status, complete]).toEqual([200, false])
  expect(bytes.subarray(-8).equals(END_OF_STREAM)).toBe(false)
})

test('the server goes on, and a whole answer ends as it should', async () => {
  const { bytes, complete } = await get('/v1/events.arrows?capture=1')
  expect(complete).toBe(true)
  expect(bytes.subarray(-8).equals(END_OF_STREAM)).toBe(true)
})

test('what fails before its first byte is a problem', async () => {
  const { status, bytes, complete } = await get('/v1/events.arrows?capture=2')
  expect([status, complete]).toEqual([500, true])
  expect(JSON.parse(bytes.toString())).toMatchObject({
    type: 'urn:revenant:problem:internal',
    status: 500,
    code: 'database-damaged',
  })
})
