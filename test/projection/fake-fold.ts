/** A fold that is easy to foresee: a buffer for each task, a mapping for each `map`, a finding for each `bad`. */
import type { AttachmentRow, BufferRow, Changes, FindingRow, MappingRow } from '../../src/domain/read-model.ts'
import type { RecordBatch } from '../../src/domain/record.ts'
import type { Fold } from '../../src/projection/fold.ts'

export function createFakeFold(): Fold {
  const strings: string[] = []
  const buffers = new Map<number, BufferRow>()
  let mappings = 0
  let findings = 0
  let notes = 0
  let events = 0
  /** Depends on every event and its order, so that one lost, doubled or out of place shows in every later finding. */
  let running = 0

  function changesOf(more: Partial<Changes>): Changes {
    const none = { buffers: [], attachments: [], mappings: [], revocations: [], resets: [], gaps: [], findings: [] }
    return { ...none, firstDevice: 0, devices: [], meaning: null, ...more }
  }

  return {
    feed(batch: RecordBatch, firstSeq: number) {
      if (firstSeq !== events) throw new Error(`fed event ${firstSeq} after ${events}`)
      if (batch.firstString !== strings.length) throw new Error('a hole in the dictionary')
      strings.push(...batch.strings)
      events += batch.count
      notes += batch.notes.length
      const touched = new Set<BufferRow>()
      const mapped: MappingRow[] = []
      const found: FindingRow[] = []
      const attachments: AttachmentRow[] = []
      const devices: string[] = []
      const firstDevice = buffers.size
      const type = new Uint8Array(batch.count)
      const buffer = new Int32Array(batch.count)
      const none = new Int32Array(batch.count).fill(-1)
      for (let i = 0; i < batch.count; i++) {
        const pid = batch.pid[i]!
        const name = strings[batch.name[i]!]!
        const payload = batch.bytes.toString('latin1', batch.payloadStart[i], batch.payloadEnd[i])
        running = (Math.imul(running, 31) + payload.length + pid + Number(batch.time[i]! % 1_000_003n)) >>> 0
        if (!buffers.has(pid)) {
          buffers.set(pid, newBuffer(buffers.size, pid, batch.time[i]!))
          devices.push(`device-of-${pid}`)
          attachments.push(newAttachment(buffers.get(pid)!.id, pid))
        }
        const row = buffers.get(pid)!
        touched.add(row)
        buffer[i] = row.id
        type[i] = name === 'map' ? 10 : 0
        if (name === 'map') {
          row.mappings++
          mapped.push(newMapping(mappings++, row.id, payload, batch.time[i]!))
        }
        if (name === 'bad') {
          row.findings++
          const line = batch.firstLine + batch.line[i]!
          found.push(newFinding(findings++, firstSeq + i, batch.time[i]!, `line ${line} after ${running} and ${notes}`))
        }
      }
      const meaning = { firstSeq, count: batch.count, type, buffer, attachment: none, device: none }
      return changesOf({
        buffers: [...touched],
        attachments,
        mappings: mapped,
        findings: found,
        firstDevice,
        devices,
        meaning,
      })
    },
    finish() {
      const evidence = events === 0 ? [] : [0, events - 1]
      return changesOf({
        findings: [{ ...newFinding(findings++, 0, null, `the end, ${running}, ${notes}`), evidence }],
      })
    },
    state: () => {
      throw new Error('a fake fold has no state to put away')
    },
    tier: () => (events > 0 ? 'T1' : null),
  }
}

function newBuffer(id: number, pid: number, at: bigint): BufferRow {
  return {
    id,
    ino: 2n ** 64n - BigInt(pid),
    exporter: `exporter-${pid}`,
    exporterDevice: null,
    size: 4096n,
    state: 'live',
    exportedNs: at,
    releasedNs: null,
    revocations: 0,
    attachments: 1,
    mappings: 0,
    findings: 0,
  }
}

function newAttachment(id: number, pid: number): AttachmentRow {
  return {
    id,
    buffer: id,
    ino: null,
    attachment: `0x${pid.toString(16)}`,
    importerDevice: `device-of-${pid}`,
    class: 'dynamic',
    deferred: null,
    callback: null,
    p2p: true,
    basis: 'declared',
    attachedNs: null,
    detachedNs: null,
    refusedErrno: null,
    pinned: false,
    invalidations: 0,
  }
}

function newMapping(id: number, buffer: number, payload: string, at: bigint): MappingRow {
  return {
    id,
    buffer,
    attachmentId: buffer,
    ino: null,
    attachment: null,
    importerDevice: payload,
    direction: null,
    iova: 0xffff_ffff_ffff_0000n,
    length: 4096n,
    mappedNs: at,
    unmappedNs: null,
    unmappedComm: null,
    unmappedPid: null,
    endedBy: null,
    liveAtReset: false,
    unmapLatencyNs: null,
  }
}

function newFinding(id: number, seq: number, ns: bigint | null, summary: string): FindingRow {
  return {
    id,
    rule: 'use-after-revoke',
    severity: 'critical',
    verdict: 'violated',
    ns,
    ino: null,
    exporter: null,
    exporterDevice: null,
    importerDevice: null,
    importerClass: null,
    attachment: null,
    iova: null,
    comm: null,
    pid: null,
    summary,
    evidence: [seq],
    missing: null,
  }
}
