import { tableFromIPC as flechette } from '@uwdata/flechette'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { QUERIES } from '../../queries/index.ts'
import { type App, createApp } from '../../src/http/app.ts'
import { openWriter } from '../../src/log/connection.ts'
import { type LogFixture, makeLog } from '../queries/log-fixture.ts'

const ARROW = 'application/vnd.apache.arrow.stream'

let log: LogFixture
let app: App
beforeAll(async () => {
  log = await makeLog({ many: true })
  app = createApp({ db: log.path })
})
afterAll(() => {
  app.close()
  log.remove()
})

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  Promise.resolve(app.request(path, { headers, method }))

async function expectProblem(response: Response, status: number, code: string, detail: RegExp): Promise<void> {
  expect(response.status).toBe(status)
  expect(response.headers.get('Content-Type')).toBe('application/problem+json')
  expect(await response.json()).toMatchObject({
    type: `urn:revenant:problem:${code}`,
    status,
    detail: expect.stringMatching(detail),
  })
}

describe('representation', () => {
  test.each([
    ['/v1/findings', undefined, 'application/json'],
    ['/v1/findings', '*/*', 'application/json'],
    ['/v1/findings', ARROW, ARROW],
    ['/v1/findings', `application/json;q=0.1, ${ARROW}`, ARROW],
    ['/v1/findings', 'application/x-ndjson', 'application/x-ndjson'],
    ['/v1/findings', 'text/html, text/*;q=0.5', 'text/csv; charset=utf-8; header=present'],
    ['/v1/findings', 'application/json;q=0, */*', ARROW],
    ['/v1/findings?format=arrow', 'application/json', ARROW],
    ['/v1/findings.arrows', 'application/json', ARROW],
    ['/v1/findings.json', undefined, 'application/json'],
    ['/v1/findings.ndjson', undefined, 'application/x-ndjson'],
    ['/v1/findings.csv?format=csv', undefined, 'text/csv; charset=utf-8; header=present'],
  ])('%s with Accept %s is %s', async (path, accept, type) => {
    const response = await ask(path, accept === undefined ? {} : { Accept: accept })
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe(type)
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(100)
  })

  test('nothing acceptable is 406 and names what there is', async () => {
    const response = await ask('/v1/findings', { Accept: 'text/html' })
    expect(response.headers.get('Vary')).toBe('Accept')
    await expectProblem(response, 406, 'not-acceptable', /"text\/html" accepts none of application\/json/)
  })

  test('a format that contradicts the suffix is refused', async () => {
    await expectProblem(await ask('/v1/findings.csv?format=json'), 400, 'bad-parameter', /contradicts the suffix/)
    await expectProblem(await ask('/v1/findings?format=xml'), 400, 'bad-parameter', /"xml" is none of json, arrow/)
  })
})

describe('answers', () => {
  test('Arrow, read by two readers, is the JSON', async () => {
    for (const name of ['findings', 'mappings']) {
      const json = (await (await ask(`/v1/${name}.json`)).json()) as Record<string, unknown>[]
      const bytes = new Uint8Array(await (await ask(`/v1/${name}.arrows`)).arrayBuffer())
      const column = (key: string) => json.map((row) => row[key])
      const [apache, other] = [tableFromIPC(bytes), flechette(bytes, { useBigInt: true })]
      for (const key of ['ino', 'iova'] as const) {
        const text = (value: unknown) => (value === null ? null : String(value))
        expect([...apache.getChild(key)!].map(text)).toEqual(column(key))
        expect([...other.getChild(key)!].map(text)).toEqual(column(key))
      }
      expect([...apache.getChild('importer_device')!]).toEqual(column('importer_device'))
      expect([...other.getChild('importer_device')!]).toEqual(column('importer_device'))
    }
  })

  test('NDJSON and CSV say the same', async () => {
    const json = (await (await ask('/v1/gaps')).json()) as object[]
    const ndjson = await (await ask('/v1/gaps.ndjson')).text()
    expect(
      ndjson
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(json)
    expect(await (await ask('/v1/gaps.csv')).text()).toBe(
      'capture,cpu,from_ns,to_ns,lost,reason\r\n1,,,,,no probe on unmap → unmaps unseen\r\n1,3,400,450,252,LOST 252 EVENTS\r\n',
    )
  })

  test('parameters narrow them', async () => {
    expect(await (await ask('/v1/findings?severity=error&rule=reset-while-mapped')).json()).toHaveLength(1)
    expect(await (await ask('/v1/findings?device=none')).json()).toEqual([])
  })

  test('wrong parameters are 400, all named', async () => {
    const response = await ask('/v1/findings?severity=bad&colour=red')
    expect(response.status).toBe(400)
    const body = (await response.json()) as { problems: { parameter: string }[] }
    expect(body.problems.map(({ parameter }) => parameter).sort()).toEqual(['colour', 'severity'])
  })

  test('what is not there is 404, another method 405, another host 421', async () => {
    await expectProblem(await ask('/v1/nothing'), 404, 'not-found', /no query "nothing"/)
    await expectProblem(await ask('/v1/__proto__'), 404, 'not-found', /__proto__/)
    await expectProblem(await ask('/elsewhere'), 404, 'not-found', /GET \/v1 lists/)
    const post = await ask('/v1/findings', {}, 'POST')
    expect(post.headers.get('Allow')).toBe('GET, HEAD')
    await expectProblem(post, 405, 'method-not-allowed', /GET, not POST/)
    await expectProblem(await ask('http://evil.example/v1/findings'), 421, 'wrong-host', /evil\.example/)
  })

  test('HEAD has the headers and no body', async () => {
    const response = await ask('/v1/findings.arrows', {}, 'HEAD')
    expect([response.status, response.headers.get('Content-Type'), await response.text()]).toEqual([200, ARROW, ''])
  })

  test('/v1 lists every query, /healthz is well', async () => {
    const list = (await (await ask('/v1')).json()) as { queries: { name: string }[] }
    expect(list.queries.map(({ name }) => name)).toEqual(QUERIES.map(({ name }) => name))
    expect(await (await ask('/healthz')).json()).toEqual({ status: 'ok' })
  })

  test('every example of the list is answered', async () => {
    const { queries } = (await (await ask('/v1')).json()) as { queries: { example: string }[] }
    for (const { example } of queries) expect([example, (await ask(example)).status]).toEqual([example, 200])
  })
})

describe('the log position', () => {
  test('is in every answer; its ETag saves sending what did not change', async () => {
    const first = await ask('/v1/findings')
    expect(first.headers.get('X-Log-Position')).toBe('8')
    const etag = first.headers.get('ETag')!
    expect(etag).toMatch(/^"8-/)
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const second = await ask('/v1/findings', { 'If-None-Match': tag })
      expect([second.status, await second.text()]).toEqual([304, ''])
    }
    expect((await ask('/v1/findings.csv', { 'If-None-Match': etag })).status).toBe(200)
  })

  test('changes with a rebuild by other code', async () => {
    const own = await makeLog()
    const reader = createApp({ db: own.path })
    const tag = async () => (await reader.request('/v1/findings')).headers.get('ETag')
    const before = await tag()
    const { sqlite, close } = await openWriter(own.path)
    sqlite.exec(`UPDATE checkpoint SET version = '2'`)
    close()
    expect(await tag()).not.toBe(before)
    reader.close()
    own.remove()
  })
})

test('a reader that leaves gives its connection back, and the next one is answered', async () => {
  const response = await ask('/v1/mappings')
  const reader = response.body!.getReader()
  expect((await reader.read()).done).toBe(false)
  await reader.cancel()
  expect(await (await ask('/v1/mappings?limit=2')).json()).toHaveLength(2)
})

test('an answer under way sees the log as it was when it began', async () => {
  const own = await makeLog({ many: true })
  const reader = createApp({ db: own.path })
  const response = await reader.request('/v1/mappings?capture=2')
  const body = response.body!.getReader()
  const chunks = [(await body.read()).value!]
  const { sqlite, close } = await openWriter(own.path)
  sqlite.exec('DELETE FROM mapping')
  close()
  for (let next = await body.read(); !next.done; next = await body.read()) chunks.push(next.value)
  expect(JSON.parse(Buffer.concat(chunks).toString())).toHaveLength(40_000)
  expect(await (await reader.request('/v1/mappings')).json()).toEqual([])
  reader.close()
  own.remove()
})

test('a missing database is told, and is no internal error', async () => {
  const gone = createApp({ db: '/nonexistent/revenant.db' })
  await expectProblem(await gone.request('/v1/findings'), 503, 'unavailable', /there is no database/)
})
