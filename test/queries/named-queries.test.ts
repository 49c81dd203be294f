import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { QUERIES } from '../../queries/index.ts'
import { parseParameters } from '../../queries/parse-parameters.ts'
import { openSnapshot } from '../../queries/run-query.ts'
import { type LogConnection, openReader } from '../../src/log/connection.ts'
import { writeJson } from '../../src/output/json.ts'
import { GREAT_INO, type LogFixture, makeLog } from './log-fixture.ts'

/** CONTRACT §3, to the letter. */
const CONTRACT: Record<string, string> = {
  captures:
    'capture, name, digest, format, clock, host, boot_id, kernel, lines, events, ignored, malformed, lost, tier, first_ns, last_ns',
  events: 'position, capture, seq, line, ts_ns, cpu, comm, pid, tgid, type, name, ino, attachment, device, data',
  findings:
    'finding, rule, severity, verdict, ts_ns, capture, ino, exporter, exporter_device, importer_device, importer_class, attachment, iova, comm, pid, summary, evidence, missing',
  buffers:
    'capture, ino, exporter, exporter_device, size, state, exported_ns, released_ns, revocations, attachments, mappings, findings',
  importers:
    'capture, device, class, deferred, callback, p2p, basis, attachments, refused, invalidations, unmap_p50_ns, unmap_max_ns',
  attachments: 'capture, ino, attachment, importer_device, class, attached_ns, detached_ns, refused_errno, pinned',
  mappings:
    'capture, ino, attachment, importer_device, direction, iova, length, mapped_ns, unmapped_ns, unmapped_comm, unmapped_pid, ended_by, live_at_reset',
  revocations:
    'capture, ino, exporter_device, cause, requested_ns, notified_ns, fences_ns, unmapped_ns, completed_ns, restored_ns, permanent, slowest_importer, blocked_ns, verdict',
  resets: 'capture, device, method, trigger, started_ns, finished_ns, result, buffers, mappings_live, verdict',
  gaps: 'capture, cpu, from_ns, to_ns, lost, reason',
  matrix:
    'exporter, importer_class, importer_device, attachments, refused, invalidations_while_mapped, would_be_refused',
}

/** Columns behind those of the contract. */
const OWN: Record<string, string[]> = { matrix: ['undecided', 'captures'] }

let log: LogFixture
let connection: LogConnection
beforeAll(async () => {
  log = await makeLog()
  connection = openReader(log.path)
})
afterAll(() => {
  connection.close()
  log.remove()
})

type Row = Record<string, unknown>

function ask(name: string, params: Record<string, string> = {}): Row[] {
  const query = QUERIES.find((q) => q.name === name)!
  const parsed = parseParameters(query, Object.entries(params))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const snapshot = openSnapshot(connection)
  try {
    return JSON.parse([...writeJson(snapshot.run(query, parsed.params))].join(''))
  } finally {
    snapshot.end()
  }
}

describe('the list', () => {
  test.each(Object.entries(CONTRACT))('%s has the columns of the contract, and then its own', (name, columns) => {
    const query = QUERIES.find((q) => q.name === name)
    const promised = columns.split(', ')
    const names = query?.columns.map((column) => column.name) ?? []
    expect(names.slice(0, promised.length)).toEqual(promised)
    expect(names.slice(promised.length)).toEqual(OWN[name] ?? [])
  })

  test.each(QUERIES.filter(({ source }) => source.kind === 'sql').map((query) => [query.name, query] as const))(
    '%s selects its columns in order, with any parameter or none',
    (_, query) => {
      if (query.source.kind !== 'sql') throw new Error('not SQL')
      for (const given of [{}, query.example]) {
        const parsed = parseParameters(query, Object.entries(given))
        if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
        const { sql } = query.source.select(connection.kysely, parsed.params).compile()
        const names = connection.sqlite
          .prepare(sql)
          .columns()
          .map(({ name }) => name)
        expect(names).toEqual(query.columns.map(({ name }) => name))
      }
    },
  )

  test.each(QUERIES.map((query) => [query.name, query] as const))(
    '%s documents every column and parameter',
    (_, query) => {
      expect(query.columns.filter(({ doc }) => doc === '')).toEqual([])
      for (const [parameter, schema] of Object.entries(query.parameters))
        expect([parameter, schema.description]).toEqual([parameter, expect.stringMatching(/\w/)])
    },
  )
})

describe('values', () => {
  test('64-bit integers are strings, counts and pids numbers, unknown is null', () => {
    expect(ask('findings', { rule: 'reset-while-mapped' })).toEqual([
      {
        finding: 'f-b',
        rule: 'reset-while-mapped',
        severity: 'critical',
        verdict: 'violated',
        ts_ns: '520',
        capture: 1,
        ino: GREAT_INO.shown,
        exporter: 'vfio_pci',
        exporter_device: '0000:01:00.0',
        importer_device: 'mlx5_0',
        importer_class: 'dynamic',
        attachment: '0xffff888100000000',
        iova: '18446744069414584320',
        comm: 'qemu\u001b[31m',
        pid: 4242,
        summary: 'reset began while, "mapped"\nλ',
        evidence: ['3', '5', '7'],
        missing: null,
      },
    ])
    expect(ask('captures')[1]).toMatchObject({ lost: 2 ** 40, tier: null, first_ns: null, clock: 'mono' })
    expect(ask('buffers')[0]).toMatchObject({ size: '18446744073709551615', revocations: 1 })
  })

  test('importers are one row a device, class and callback', () => {
    const rows = ask('importers')
    expect(rows).toEqual([
      expect.objectContaining({
        device: null,
        class: 'unknown',
        attachments: 0,
        refused: 1,
        basis: 'unknown',
        deferred: null,
      }),
      {
        capture: 1,
        device: 'mlx5_0',
        class: 'dynamic',
        deferred: true,
        callback: 'mlx5_invalidate',
        p2p: true,
        basis: 'observed',
        attachments: 2,
        refused: 1,
        invalidations: 3,
        unmap_p50_ns: '300',
        unmap_max_ns: '2000',
      },
    ])
  })
})

describe('parameters', () => {
  const count = (name: string, params: Record<string, string>) => ask(name, params).length

  test('each narrows the answer', () => {
    expect(count('buffers', { ino: GREAT_INO.shown })).toBe(1)
    expect(count('buffers', { ino: '0x8000000000000005' })).toBe(1)
    expect(count('buffers', { capture: '2' })).toBe(1)
    expect(count('findings', { severity: 'error' })).toBe(1)
    expect(count('findings', { severity: 'info' })).toBe(2)
    expect(count('findings', { device: 'mlx5_0' })).toBe(1)
    expect(count('findings', { device: '0000:01:00.0' })).toBe(1)
    expect(count('findings', { limit: '1' })).toBe(1)
    expect(count('mappings', { live_at_reset: 'true' })).toBe(1)
    expect(count('attachments', { class: 'dynamic' })).toBe(3)
    expect(count('resets', { method: 'flr' })).toBe(1)
    expect(count('revocations', { cause: 'flr', verdict: 'clean' })).toBe(0)
  })

  test('from and to keep what touches the time between', () => {
    expect(count('resets', { from: '601' })).toBe(1)
    expect(count('resets', { from: '600', to: '999' })).toBe(1)
    expect(count('gaps', { from: '0.000000451' })).toBe(1)
    expect(count('findings', { from: '0', to: '519' })).toBe(0)
  })

  test.each([
    ['findings', { severty: 'error' }, /findings has no such parameter; it has capture, ino/],
    ['findings', { severity: 'bad' }, /"bad" is none of critical, error, warning, info/],
    ['findings', { ino: '-1' }, /"-1" is not an inode number/],
    ['findings', { ino: '18446744073709551616' }, /not an inode number/],
    ['findings', { from: 'noon' }, /is not a time/],
    ['findings', { from: '9223372036854775808' }, /is not a time/],
    ['buffers', { limit: '-1' }, /is not a number of rows/],
  ])('%s %j is refused in words', (name, params, message) => {
    const parsed = parseParameters(QUERIES.find((q) => q.name === name)!, Object.entries(params) as [string, string][])
    expect(parsed.ok).toBe(false)
    if (!parsed.ok) expect(parsed.problems[0]!.message).toMatch(message)
  })

  test('all that is wrong is told at once, a repeated one too', () => {
    const parsed = parseParameters(QUERIES.find((q) => q.name === 'findings')!, [
      ['ino', '1'],
      ['ino', '2'],
      ['to', 'x'],
    ])
    expect(parsed.ok ? [] : parsed.problems.map((p) => p.parameter)).toEqual(['ino', 'to'])
  })
})

test('a snapshot names the last position', () => {
  const snapshot = openSnapshot(connection)
  expect(snapshot.position).toBe(8n)
  expect(snapshot.tag).toMatch(/^8-[\w-]{12}$/)
  snapshot.end()
})
