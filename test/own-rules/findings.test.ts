import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ColumnData } from '../../queries/column.ts'
import { findQuery } from '../../queries/index.ts'
import type { ColumnSource } from '../../queries/query.ts'
import type { EventFilter } from '../../queries/read-events.ts'
import { openReader } from '../../src/log/connection.ts'
import { judge } from '../../src/own-rules/judge.ts'
import { judgeLog } from '../../src/own-rules/judge-log.ts'
import type { NamedFinding } from '../../src/own-rules/own-finding.ts'
import { EXAMPLES, logOf, moduleRule, rulesFolder, SHARED, SLOW, sqlRule, temporary } from './rules-folder.ts'

/** Own findings of a log, judged in this process. */
async function found(folder: string, db: string, capture: number | null = null): Promise<NamedFinding[]> {
  const findings: NamedFinding[] = []
  await judge({ folder, db, capture }, async (message) => {
    if (message.kind === 'found') findings.push(...message.findings)
  })
  return findings
}

/** The trace with a line put before the one that matches. */
function withLoss(path: string, before: RegExp): string {
  const text = readFileSync(path, 'latin1')
  const at = text.search(before)
  if (at < 0) throw new Error(`${path} has no ${before}`)
  const lossy = join(temporary(), 'lossy.txt')
  const line = text.lastIndexOf('\n', at) + 1
  writeFileSync(lossy, `${text.slice(0, line)}CPU:1 [LOST 252 EVENTS]\n${text.slice(line)}`, 'latin1')
  return lossy
}

/** The kinds of the events at these positions. */
function kindsAt(db: string, positions: number[]): string[] {
  const reader = openReader(db)
  try {
    const query = findQuery('events')!.source as ColumnSource<EventFilter>
    const kinds = new Map<number, string>()
    for (const { rows, columns } of query.read(reader.sqlite, {} as EventFilter)) {
      const [position, type] = [columns[0]!, columns[9]!] as [WideColumn, WordColumn]
      for (let i = 0; i < rows; i++) kinds.set(Number(position.values[i]), type.dictionary[type.values[i]!]!)
    }
    return positions.map((position) => kinds.get(position)!)
  } finally {
    reader.close()
  }
}

type WideColumn = Extract<ColumnData, { kind: 'wide' }>
type WordColumn = Extract<ColumnData, { kind: 'dictionary' }>

let slow = ''
let both = ''
beforeAll(async () => {
  ;[slow, both] = await Promise.all([logOf(SLOW), logOf(SHARED, SLOW)])
})

describe('the examples', () => {
  test('find what they are for, in the traces that show it', async () => {
    const { rules, findings, tag } = await judgeLog({ folder: EXAMPLES, db: both })
    expect(rules).toEqual(['own/shared-at-reset', 'own/slow-to-let-go'])
    expect(tag).toMatch(/^\d+-/)
    expect(findings).toEqual([
      {
        finding: '5f3c74e77e5b',
        rule: 'own/shared-at-reset',
        severity: 'error',
        verdict: 'violated',
        ts_ns: 51784436000n,
        capture: 1,
        ino: 6n,
        exporter: 'dbtest',
        exporter_device: null,
        importer_device: null,
        importer_class: null,
        attachment: null,
        iova: null,
        comm: 'tool',
        pid: 187,
        summary: '2 importers (0000:00:04.0) had buffer 6 mapped during the reset',
        evidence: [14, 23, 32],
        missing: null,
      },
      {
        finding: (await found(EXAMPLES, slow))[0]!.finding,
        rule: 'own/slow-to-let-go',
        severity: 'warning',
        verdict: 'violated',
        ts_ns: 76468043000n,
        capture: 2,
        ino: 20n,
        exporter: null,
        exporter_device: null,
        importer_device: '0000:00:04.0',
        importer_class: null,
        attachment: '0xffff889ac63c86c0',
        iova: 0xffff4000n,
        comm: 'tool',
        pid: 244,
        summary: '0000:00:04.0 kept buffer 20 mapped for 3.004 s after it had been told to let go',
        evidence: [25, 29, 30, 32, 34, 36].map((position) => position + 138),
        missing: null,
      },
    ])
  })

  test.each([
    ['shared-at-reset', SHARED, /pcirst_dbt:/],
    ['slow-to-let-go', SLOW, /APP child detaches/],
  ])('%s: undetermined where events are lost in between, by name', async (rule, trace, before) => {
    const db = await logOf(withLoss(trace, before))
    const own = (await found(EXAMPLES, db)).filter((one) => one.rule === `own/${rule}`)
    expect(own.length).toBeGreaterThan(0)
    for (const { verdict, missing } of own) {
      expect(verdict).toBe('undetermined')
      expect(missing).toMatch(/^252 events lost on CPU 1 /)
    }
  })
})

describe('a module', () => {
  const EACH_MAP =
    '{ mapped({ mapping }, report) { report({ mapping, evidence: [mapping.mapped], summary: "mapped" }) } }'

  test('that remembers begins anew with each capture', async () => {
    const counting = `() => { let n = 0; return { mapped({ mapping }, report) {
      report({ mapping, evidence: [mapping.mapped], summary: 'map ' + ++n }) } } }`
    const own = await found(rulesFolder({ 'count.mjs': moduleRule(counting) }), both)
    expect(own.map(({ capture, summary }) => [capture, summary])).toEqual([
      [1, 'map 1'],
      [1, 'map 2'],
      [2, 'map 1'],
    ])
  })

  test('names the right events of a trace whose times run backwards', async () => {
    const lines = readFileSync(SLOW, 'latin1').split('\n')
    const map = lines.findIndex((line) => / dbuf_map: /.test(line))
    const backwards = join(temporary(), 'backwards.txt')
    // The map stands behind the unmap.
    const [line] = lines.splice(map, 1)
    lines.splice(-5, 0, line!)
    writeFileSync(backwards, lines.join('\n'), 'latin1')
    const db = await logOf(backwards)
    const own = await found(rulesFolder({ 'each-map.ts': moduleRule(EACH_MAP) }), db)
    expect(own).toHaveLength(1)
    expect(kindsAt(db, own[0]!.evidence)).toEqual(['map'])
    expect(own[0]!.evidence[0]).toBeGreaterThan(50)
  })

  test('is shown the trace around a fact, and the same objects every time', async () => {
    const rule = `() => { const seen = new Set(); return {
      mapped({ mapping }) { seen.add(mapping) },
      unmapped({ mapping }, report, { event, now, ticks }) {
        report({ mapping, evidence: [now], iova: 5n, comm: 'x',
          summary: [seen.has(mapping), mapping.buffer.exporter, mapping.endedBy, event.name, event.pid, ticks,
            mapping.buffer.mappings.length, Object.isFrozen(mapping)].join(' ') })
      } } }`
    const [own] = await found(rulesFolder({ 'around.ts': moduleRule(rule, 'info') }), slow)
    expect(own).toMatchObject({ comm: 'x', iova: 5n, ino: 20n, importer_device: '0000:00:04.0', severity: 'info' })
    expect(own!.summary).toMatch(/^true vfio_pci_core revoke dbuf_unmap\w* 244 false 0 true$/)
  })

  test('that needs what the trace never shows is undetermined', async () => {
    const rule = `{ mapped({ mapping }, report) { report({ mapping, evidence: [mapping.mapped], needs: [['splat']] }) } }`
    const [own] = await found(rulesFolder({ 'needy.ts': moduleRule(rule) }), slow)
    expect(own).toMatchObject({
      verdict: 'undetermined',
      missing: expect.stringMatching(/^no splat event in this trace/),
    })
  })

  test('leaves the verdicts of resets and revocations as they are stored', async () => {
    const before = await found(
      rulesFolder({ 'a.sql': sqlRule('SELECT capture, verdict AS summary FROM revocations') }),
      both,
    )
    expect(before.map(({ summary }) => summary)).toContain('violated')
  })
})

describe('a SQL query', () => {
  test('is about one capture where one is asked for, under the same name', async () => {
    const [, ofTwo] = await found(EXAMPLES, both)
    expect(await found(EXAMPLES, both, 2)).toEqual([ofTwo])
    expect((await found(EXAMPLES, slow)).map(({ finding }) => finding)).toEqual([ofTwo!.finding])
  })

  test('has the columns of the named queries, as numbers', async () => {
    const statement = `SELECT e.capture, count(*) AS pid, min(typeof(e.position) || typeof(e.ts_ns) || typeof(e.data)) AS comm
      FROM captures c, events(c.capture, c.first_ns) e JOIN buffers b ON b.ino = e.ino AND b.capture = e.capture
      GROUP BY e.capture`
    const own = await found(rulesFolder({ 'count.sql': sqlRule(statement) }), both)
    expect(own.map(({ capture, comm }) => [capture, comm])).toEqual([
      [1, 'integerintegertext'],
      [2, 'integerintegertext'],
    ])
    for (const { pid } of own) expect(pid).toBeGreaterThan(20)
  })

  test('sees the built-in findings, and not its own', async () => {
    const statement = 'SELECT capture, rule AS summary, finding AS comm, evidence FROM findings'
    const own = await found(rulesFolder({ 'again.sql': sqlRule(statement) }), slow)
    expect(own.map(({ summary, evidence }) => [summary, evidence])).toEqual([['late-unmap', [25, 29, 32, 34, 36]]])
  })

  test('judges by row, and writes values as they are meant', async () => {
    const statement = `SELECT 1 AS capture, 'critical' AS severity, 'why not' AS missing, -5 AS ino, 1500000 AS took,
      CAST(-1 AS INTEGER) AS iova, NULL AS unseen, '3,1,1' AS evidence`
    const header = 'summary: {ino} {took:span} {took} {iova:hex} {unseen} {unseen:span}'
    const [own] = await found(rulesFolder({ 'by-row.sql': sqlRule(statement, header) }), slow)
    expect(own).toMatchObject({ severity: 'critical', verdict: 'undetermined', missing: 'why not', evidence: [1, 3] })
    expect(own!.summary).toBe('18446744073709551611 1.500 ms 1500000 0xffffffffffffffff unknown unknown')
  })

  test('equal findings have names of their own', async () => {
    const own = await found(rulesFolder({ 'twice.sql': sqlRule('SELECT 1 AS capture UNION ALL SELECT 1') }), slow)
    expect(new Set(own.map(({ finding }) => finding)).size).toBe(2)
  })
})
