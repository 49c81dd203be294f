import { tableFromIPC as flechette } from '@uwdata/flechette'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findingsWith } from '../../queries/findings.ts'
import { parseParameters } from '../../queries/parse-parameters.ts'
import { openSnapshot, type QueryResult } from '../../queries/run-query.ts'
import { writeArrow } from '../../src/arrow/ipc-stream.ts'
import { createApp } from '../../src/http/app.ts'
import { type LogConnection, openReader } from '../../src/log/connection.ts'
import { writeCsv } from '../../src/output/csv.ts'
import { writeJson } from '../../src/output/json.ts'
import { type Judged, judgeLog } from '../../src/own-rules/judge-log.ts'
import { showFindings } from '../../src/own-rules/show-findings.ts'
import { verify } from '../../src/projection/verify.ts'
import { type Outcome, revenant } from '../cli/run-revenant.ts'
import { EXAMPLES, logOf, moduleRule, rulesFolder, SHARED, SLOW, sqlRule } from './rules-folder.ts'
import { runHere } from './run-here.ts'

type Row = Record<string, unknown>

let db = ''
beforeAll(async () => {
  db = await logOf(SLOW, SHARED)
})

const run = (...args: string[]): Promise<Outcome> => runHere(...args, '--db', db)
const text = async (...args: string[]) => (await run(...args)).stdout.toString()
const rules = (rows: Row[]) => rows.map(({ rule }) => rule)
const own = (rows: Row[]) => rules(rows).filter((rule) => String(rule).startsWith('own/'))

describe('findings of own rules', () => {
  let connection: LogConnection
  let judged: Judged
  beforeAll(async () => {
    judged = await judgeLog({ folder: EXAMPLES, db })
    connection = openReader(db)
    showFindings(connection.sqlite, judged.findings)
  })
  afterAll(() => connection.close())

  /** An answer of the query, as bytes. */
  function ask(params: Record<string, string>, write: (result: QueryResult) => Iterable<string | Uint8Array>): Buffer {
    const query = findingsWith(judged.rules)
    const parsed = parseParameters(query, Object.entries(params))
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const snapshot = openSnapshot(connection)
    const parts = [...write(snapshot.run(query, parsed.params))]
    snapshot.end()
    return Buffer.concat(parts.map((part) => Buffer.from(part as string)))
  }
  const findings = (params = {}): Row[] => JSON.parse(ask(params, writeJson).toString())

  test('stand among the others, in their order, on the command line, too', async () => {
    const rows = findings()
    expect(own(rows)).toEqual(['own/slow-to-let-go', 'own/shared-at-reset'])
    const key = ({ capture, ts_ns }: Row) => Number(capture) * 1e15 + Number(ts_ns)
    expect(rows.map(key)).toEqual(rows.map(key).sort((a, b) => a - b))
    expect(JSON.parse(await text('query', 'findings', '--rules', EXAMPLES, '--json'))).toEqual(rows)
    const builtIn = rows.filter(({ rule }) => !String(rule).startsWith('own/'))
    expect(JSON.parse(await text('query', 'findings', '--json'))).toEqual(builtIn)
  })

  test.each([
    [{ rule: 'own/shared-at-reset' }, ['own/shared-at-reset']],
    [{ capture: '1', severity: 'warning' }, ['own/slow-to-let-go']],
    [{ capture: '1', device: '0000:00:04.0' }, ['own/slow-to-let-go']],
    [{ ino: '6' }, ['own/shared-at-reset']],
    [{ severity: 'error' }, ['own/shared-at-reset']],
    [{ verdict: 'undetermined' }, []],
    [{ capture: '1', from: '76.468043', to: '76.468043' }, ['own/slow-to-let-go']],
    [{ capture: '1', from: '76.468044' }, []],
    [{ capture: '1', limit: '1' }, []],
  ])('%j', (params, wanted) => {
    expect(own(findings(params))).toEqual(wanted)
  })

  test('are the same in Arrow, CSV and JSON, and Arrow lists every own rule before the first row', () => {
    const rows = findings()
    const arrow = ask({}, writeArrow)
    const [apache, other] = [tableFromIPC(arrow), flechette(arrow, { useBigInt: true })]
    const both = (name: string) => [[...apache.getChild(name)!], [...other.getChild(name)!]]
    for (const values of both('rule')) expect(values).toEqual(rules(rows))
    for (const values of both('finding')) expect(values).toEqual(rows.map(({ finding }) => finding))
    for (const values of both('ts_ns')) expect(values.map(String)).toEqual(rows.map(({ ts_ns }) => ts_ns))
    for (const values of both('evidence'))
      expect(values.map((list) => [...list].map(String))).toEqual(rows.map(({ evidence }) => evidence))
    const lines = ask({}, writeCsv).toString().trimEnd().split('\r\n').slice(1)
    expect(lines.map((line) => line.split(',').slice(0, 2))).toEqual(rows.map(({ finding, rule }) => [finding, rule]))
    const vocabulary = findingsWith(judged.rules).columns.find(({ name }) => name === 'rule')!.vocabulary
    expect(vocabulary).toEqual(expect.arrayContaining(['late-unmap', ...judged.rules]))
  })

  test('of a rule that is not there are refused, and it says where it might be', async () => {
    const unknown = await run('query', 'findings', '--rules', EXAMPLES, '-p', 'rule=own/none')
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no such rule, only own\/shared-at-reset, own/),
    })
    const without = await run('query', 'findings', '-p', 'rule=own/none')
    expect(without).toMatchObject({ code: 2, stderr: expect.stringMatching(/give its folder with --rules/) })
    expect(() => findings({ rule: 'none' })).toThrow(/is none of use-after-revoke/)
  })
})

describe('check --rules', () => {
  test('fails on own findings as on any', async () => {
    const folder = rulesFolder({ 'strict.sql': sqlRule("SELECT 1 AS capture, 'error' AS severity") })
    const failed = await run('check', '--capture', '1', '--rules', folder, '--json')
    expect(failed.code).toBe(1)
    const document = JSON.parse(failed.stdout.toString())
    expect(document).toMatchObject({ failed: true, counts: { error: 1, warning: 1 } })
    expect(rules(document.findings)).toEqual(['own/strict', 'late-unmap'])
    expect((await run('check', '--capture', '1', '--rules', folder, '--fail-on', 'critical')).code).toBe(0)
  })

  test('undetermined ones fail under --strict only', async () => {
    const folder = rulesFolder({ 'a.sql': sqlRule("SELECT 1 AS capture, 'error' AS severity, 'x' AS missing") })
    expect((await run('check', '--capture', '1', '--rules', folder)).code).toBe(0)
    expect((await run('check', '--capture', '1', '--rules', folder, '--strict')).code).toBe(4)
  })

  test('what cannot be used is exit 2, without half a result', async () => {
    const folder = rulesFolder({ 'a.ts': moduleRule('{ mapped() { console.log("noise"); throw new Error("boo") } }') })
    const { code, stdout, stderr } = await revenant(['check', '--rules', folder, '--db', db])
    expect(code).toBe(2)
    expect(stdout.toString()).toBe('')
    expect(stderr).toMatch(/noise\n/)
    expect(stderr).toMatch(
      /^revenant: .*a\.ts: on\.mapped threw at line 37 of capture 1 \(slow-importer\.txt\): Error: boo$/m,
    )
  })
})

test('timeline --rules marks own findings', async () => {
  const { stdout } = await run('timeline', '--capture', '1', '--ino', '20', '--rules', EXAMPLES)
  expect(stdout.toString()).toMatch(/\n +\^ warning own\/slow-to-let-go, violated: 0000:00:04\.0 kept buffer 20/)
})

describe('ingest --rules', () => {
  test('counts own findings, fails on them, and stores none', async () => {
    const log = await logOf(SLOW)
    const again = await runHere('ingest', SLOW, '--json', '--rules', EXAMPLES, '--fail-on', 'warning', '--db', log)
    expect(again.code).toBe(1)
    expect(JSON.parse(again.stdout.toString()).findings).toMatchObject({ warning: 2 })
    vi.stubEnv('REVENANT_RULES', EXAMPLES)
    const summary = await runHere('ingest', SLOW, '--db', log)
    vi.unstubAllEnvs()
    expect(summary.stdout.toString()).toMatch(/warning {2}own\/slow-to-let-go {2}violated/)
    const reader = openReader(log)
    expect(own(reader.sqlite.prepare('SELECT rule FROM finding').all() as Row[])).toEqual([])
    expect(verify(reader)).toEqual([])
    reader.close()
  })

  test('looks at the rules before the trace', async () => {
    const folder = rulesFolder({ 'a.sql': 'nonsense' })
    const log = `${db}.none`
    const { code, stderr } = await runHere('ingest', SLOW, '--rules', folder, '--db', log)
    expect(code).toBe(2)
    expect(stderr).toMatch(/a\.sql: a rule is one SELECT/)
    expect((await runHere('check', '--db', log)).code).toBe(3)
  })
})

describe('GET /v1/findings', () => {
  const json = async (response: Response) => (await response.json()) as Row[]

  test('has own findings where the server was started with rules, anew when the log has grown', async () => {
    const log = await logOf(SLOW)
    const app = createApp({ db: log, rules: EXAMPLES })
    try {
      const first = await app.request('/v1/findings')
      const tag = first.headers.get('ETag')!
      expect(own(await json(first))).toEqual(['own/slow-to-let-go'])
      const same = await app.request('/v1/findings', { headers: { 'If-None-Match': tag } })
      expect(same.status).toBe(304)
      expect((await runHere('ingest', SHARED, '--db', log)).code).toBe(0)
      const [grown, arrow] = await Promise.all([app.request('/v1/findings'), app.request('/v1/findings.arrows')])
      expect(grown.headers.get('ETag')).not.toBe(tag)
      const rows = await json(grown)
      expect(own(rows)).toEqual(['own/slow-to-let-go', 'own/shared-at-reset'])
      const table = tableFromIPC(new Uint8Array(await arrow.arrayBuffer()))
      expect([...table.getChild('rule')!]).toEqual(rules(rows))
      expect(own(await json(await app.request('/v1/findings?rule=own/shared-at-reset')))).toHaveLength(1)
      expect(await json(await app.request('/v1/buffers'))).toHaveLength(2)
    } finally {
      app.close()
    }
  })

  test('a rule that fails is a problem of its own, a rule that is not there a wrong parameter', async () => {
    const folder = rulesFolder({ 'a.ts': moduleRule('{ mapped() { throw new Error("boo") } }') })
    const app = createApp({ db, rules: folder })
    const plain = createApp({ db })
    try {
      const failed = await app.request('/v1/findings')
      expect(failed.status).toBe(500)
      expect(await failed.json()).toMatchObject({
        type: 'urn:revenant:problem:rule-failed',
        detail: expect.stringMatching(/a\.ts: on\.mapped threw at line 37/),
      })
      expect((await app.request('/v1/mappings')).status).toBe(200)
      const unknown = await plain.request('/v1/findings?rule=own/a')
      expect(unknown.status).toBe(400)
      expect(await unknown.json()).toMatchObject({
        detail: expect.stringMatching(/"own\/a" is no rule here; serve --rules/),
      })
    } finally {
      app.close()
      plain.close()
    }
  })
})
