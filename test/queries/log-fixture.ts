/** A small log whose read models were written by hand: every column has a null somewhere, an extreme and a foreign letter. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWriter } from '../../src/log/connection.ts'
import { writtenSegments } from './segment-fixture.ts'

type Value = string | number | bigint | Buffer | null

export interface LogFixture {
  path: string
  remove(): void
}

/** An inode number above 2^63, as SQLite stores it, and as a user reads it. */
export const GREAT_INO = { stored: BigInt.asIntN(64, 2n ** 63n + 5n), shown: '9223372036854775813' }

export const MANY = 40_000

/** `folded: false` leaves out what events mean. `many` adds `MANY` mappings, more than a batch holds, to capture 2. */
export async function makeLog({ empty = false, many = false, folded = true } = {}): Promise<LogFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'revenant-queries-'))
  const path = join(folder, 'log.db')
  const { sqlite, close } = await openWriter(path)
  const statements = new Map<string, ReturnType<typeof sqlite.prepare>>()
  const insert = (table: string, row: Record<string, Value>) => {
    const names = Object.keys(row)
    const sql = `INSERT INTO ${table} (${names.map((n) => `"${n}"`).join()}) VALUES (${names.map(() => '?').join()})`
    const statement = statements.get(sql) ?? sqlite.prepare(sql)
    statements.set(sql, statement)
    statement.run(...Object.values(row))
  }
  if (!empty) {
    sqlite.transaction(() => {
      for (const [table, rows] of Object.entries(ROWS)) for (const row of rows) insert(table, row)
      for (const { segment, meaning, string } of SEGMENTS) {
        for (const row of string) insert('string', row)
        for (const row of segment) insert('segment', row)
        if (folded) for (const row of meaning) insert('meaning', row)
      }
      if (many) for (let id = 0; id < MANY; id++) insert('mapping', manyMapping(id))
      sqlite.exec(`UPDATE capture SET status = 'complete'`)
    })()
  }
  close()
  return { path, remove: () => rmSync(folder, { recursive: true }) }
}

function manyMapping(id: number): Record<string, Value> {
  const ended = id % 3 === 0 ? null : (['unmap', 'revoke', 'detach', 'release'][id % 4] ?? null)
  const device = id % 7 === 0 ? null : `0000:0${id % 5}:00.0`
  const at = { mapped_ns: BigInt(id) * 1_000_003n + 2n ** 53n, unmapped_ns: ended === null ? null : BigInt(id) }
  const who = { importer_device: device, unmapped_comm: id % 11 === 0 ? 'Wörker/3' : null, ended_by: ended }
  return {
    capture: 2,
    id,
    ino: BigInt(id),
    iova: BigInt.asIntN(64, 2n ** 64n - BigInt(id + 1)),
    live_at_reset: id % 2,
    ...at,
    ...who,
  }
}

const CAPTURE = { head_digest: 'aa', prefix_digest: 'bb', status: 'reading', options: '{}', parser: '{}' }
const DEVICE = '0000:01:00.0'

const ROWS: Record<string, Record<string, Value>[]> = {
  capture: [
    {
      ...CAPTURE,
      capture: 1,
      name: 'tracé.txt',
      digest: 'd1',
      format: 'ftrace-text',
      lines: 9,
      events: 7,
      structural: 2,
      first_ns: 1n,
      last_ns: 2n ** 62n,
    },
    {
      ...CAPTURE,
      capture: 2,
      name: '-',
      digest: 'd2',
      clock: 'mono',
      host: 'lab',
      boot_id: 'b',
      kernel: '7.3.0',
      lost: 2n ** 40n,
    },
  ],
  checkpoint: [{ capture: 1, version: '1', seq: 7, finished: 1, tier: 'T2' }],
  device: [{ capture: 1, id: 0, name: 'mlx5_0' }],
  buffer: [
    {
      capture: 1,
      id: 0,
      ino: GREAT_INO.stored,
      exporter: 'vfio_pci',
      exporter_device: DEVICE,
      size: BigInt.asIntN(64, 2n ** 64n - 1n),
      state: 'revoked',
      exported_ns: 100n,
      released_ns: null,
      revocations: 1,
      attachments: 2,
      mappings: 2,
      findings: 1,
    },
    {
      capture: 1,
      id: 1,
      ino: null,
      exporter: null,
      exporter_device: null,
      size: null,
      state: 'unknown',
      exported_ns: null,
      released_ns: 900n,
      revocations: 0,
      attachments: 0,
      mappings: 0,
      findings: 0,
    },
    {
      capture: 2,
      id: 0,
      ino: 7n,
      exporter: 'udmabuf',
      exporter_device: null,
      size: 4096n,
      state: 'live',
      exported_ns: 5n,
      released_ns: null,
      revocations: 0,
      attachments: 1,
      mappings: 0,
      findings: 0,
    },
  ],
  attachment: [
    {
      capture: 1,
      id: 0,
      buffer: 0,
      ino: GREAT_INO.stored,
      attachment: '0xffff888100000000',
      importer_device: 'mlx5_0',
      class: 'dynamic',
      deferred: 0,
      callback: 'mlx5_invalidate',
      p2p: 1,
      basis: 'declared',
      attached_ns: 200n,
      detached_ns: null,
      refused_errno: null,
      pinned: 0,
      invalidations: 2,
    },
    {
      capture: 1,
      id: 1,
      buffer: 0,
      ino: GREAT_INO.stored,
      attachment: '0xffff888100000040',
      importer_device: 'mlx5_0',
      class: 'dynamic',
      deferred: 1,
      callback: 'mlx5_invalidate',
      p2p: null,
      basis: 'observed',
      attached_ns: 210n,
      detached_ns: 800n,
      refused_errno: null,
      pinned: 1,
      invalidations: 1,
    },
    {
      capture: 1,
      id: 2,
      buffer: null,
      ino: null,
      attachment: null,
      importer_device: null,
      class: 'unknown',
      deferred: null,
      callback: null,
      p2p: null,
      basis: 'unknown',
      attached_ns: null,
      detached_ns: null,
      refused_errno: 95,
      pinned: null,
      invalidations: 0,
    },
    {
      capture: 1,
      id: 3,
      buffer: 0,
      ino: GREAT_INO.stored,
      attachment: null,
      importer_device: 'mlx5_0',
      class: 'dynamic',
      deferred: null,
      callback: 'mlx5_invalidate',
      p2p: null,
      basis: 'inferred',
      attached_ns: 220n,
      detached_ns: null,
      refused_errno: 16,
      pinned: null,
      invalidations: 0,
    },
  ],
  mapping: [
    {
      capture: 1,
      id: 0,
      buffer: 0,
      attachment_id: 0,
      ino: GREAT_INO.stored,
      attachment: '0xffff888100000000',
      importer_device: 'mlx5_0',
      direction: 'BIDIRECTIONAL',
      iova: BigInt.asIntN(64, 0xffffffff00000000n),
      length: 4096n,
      mapped_ns: 300n,
      unmapped_ns: 700n,
      unmapped_comm: 'a "b", ünïcode',
      unmapped_pid: 42,
      ended_by: 'revoke',
      live_at_reset: 1,
      unmap_latency_ns: 100n,
    },
    {
      capture: 1,
      id: 1,
      buffer: 0,
      attachment_id: 1,
      ino: GREAT_INO.stored,
      attachment: '0xffff888100000040',
      importer_device: 'mlx5_0',
      direction: null,
      iova: null,
      length: null,
      mapped_ns: null,
      unmapped_ns: null,
      unmapped_comm: null,
      unmapped_pid: null,
      ended_by: null,
      live_at_reset: 0,
      unmap_latency_ns: 300n,
    },
    {
      capture: 1,
      id: 2,
      buffer: 0,
      attachment_id: 1,
      ino: GREAT_INO.stored,
      attachment: '0xffff888100000040',
      importer_device: 'mlx5_0',
      direction: null,
      iova: 0n,
      length: null,
      mapped_ns: 10n,
      unmapped_ns: 20n,
      unmapped_comm: '',
      unmapped_pid: 0,
      ended_by: 'unmap',
      live_at_reset: 0,
      unmap_latency_ns: 2_000n,
    },
  ],
  revocation: [
    {
      capture: 1,
      id: 0,
      buffer: 0,
      ino: GREAT_INO.stored,
      exporter_device: DEVICE,
      cause: 'flr',
      requested_ns: 500n,
      notified_ns: 510n,
      fences_ns: null,
      unmapped_ns: 700n,
      completed_ns: 710n,
      restored_ns: null,
      permanent: 0,
      slowest_importer: 'mlx5_0',
      blocked_ns: 200n,
      verdict: 'violated',
    },
    {
      capture: 1,
      id: 1,
      buffer: 1,
      ino: null,
      exporter_device: null,
      cause: 'unknown',
      requested_ns: 600n,
      notified_ns: null,
      fences_ns: null,
      unmapped_ns: null,
      completed_ns: null,
      restored_ns: 650n,
      permanent: 1,
      slowest_importer: null,
      blocked_ns: null,
      verdict: 'undetermined',
    },
  ],
  reset: [
    {
      capture: 1,
      id: 0,
      device: DEVICE,
      method: 'flr',
      trigger: 'ioctl',
      started_ns: 520n,
      finished_ns: 600n,
      result: 'ok',
      buffers: 1,
      mappings_live: 1,
      verdict: 'violated',
    },
    {
      capture: 1,
      id: 1,
      device: null,
      method: 'unknown',
      trigger: 'unknown',
      started_ns: 1_000n,
      finished_ns: null,
      result: null,
      buffers: 0,
      mappings_live: 0,
      verdict: 'clean',
    },
  ],
  gap: [
    { capture: 1, id: 0, cpu: 3, from_ns: 400n, to_ns: 450n, lost: 252n, reason: 'LOST 252 EVENTS' },
    {
      capture: 1,
      id: 1,
      cpu: null,
      from_ns: null,
      to_ns: null,
      lost: null,
      reason: 'no probe on unmap → unmaps unseen',
    },
  ],
  finding: [
    {
      capture: 1,
      id: 0,
      finding: 'f-b',
      rule: 'reset-while-mapped',
      severity: 'critical',
      verdict: 'violated',
      ts_ns: 520n,
      ino: GREAT_INO.stored,
      exporter: 'vfio_pci',
      exporter_device: DEVICE,
      importer_device: 'mlx5_0',
      importer_class: 'dynamic',
      attachment: '0xffff888100000000',
      iova: BigInt.asIntN(64, 0xffffffff00000000n),
      comm: 'qemu\u001b[31m',
      pid: 4242,
      summary: 'reset began while, "mapped"\nλ',
      evidence: '[3,5,7]',
      missing: null,
    },
    {
      capture: 1,
      id: 1,
      finding: 'f-a',
      rule: 'incomplete-log',
      severity: 'info',
      verdict: 'undetermined',
      ts_ns: null,
      ino: null,
      exporter: null,
      exporter_device: null,
      importer_device: null,
      importer_class: null,
      attachment: null,
      iova: null,
      comm: null,
      pid: null,
      summary: '',
      evidence: '[]',
      missing: 'CPU 3',
    },
  ],
}

const MAPPED = { type: 'map', buffer: 0, attachment: 0, device: 0 } as const

/** Capture 1 in two segments, the second with a line that is not UTF-8; capture 2 has its names the other way round. */
const SEGMENTS = [
  writtenSegments(1, 1, [
    [
      {
        time: 100n,
        cpu: 0,
        comm: 'qemu',
        pid: 7,
        tgid: 7,
        name: 'dma_buf_export',
        payload: 'ino=1',
        type: 'export',
        buffer: 0,
      },
      {
        time: 300n,
        cpu: 1,
        comm: 'Wörker/3',
        pid: 42,
        tgid: 40,
        name: 'dbuf_map',
        payload: '(dma_buf_map_attachment+0x4/0x120) λ="é"',
        ...MAPPED,
      },
      { time: 400n, comm: '<...>', name: 'sched_switch', payload: '' },
      { time: 500n, cpu: 1, comm: 'qemu', pid: 7, name: 'x', payload: 'a, "b"', type: 'invalidate', buffer: 1 },
    ],
    [
      { time: 2n ** 62n, cpu: 2, comm: 'new', pid: 1, name: 'y', payload: Buffer.from('caf\xe9 \xff', 'latin1') },
      { time: 600n, cpu: 2, comm: 'qemu', pid: 7, name: 'y', payload: 'good é', type: 'unmap', attachment: 2 },
      { time: 700n, cpu: 2, comm: 'qemu', pid: 7, name: 'dbuf_map', payload: 'z', ...MAPPED, device: -1 },
    ],
  ]),
  writtenSegments(2, 8, [
    [{ time: 5n, cpu: 0, comm: 'dbuf_map', pid: 3, name: 'Wörker/3', payload: '-', type: 'map', buffer: 0 }],
  ]),
]
