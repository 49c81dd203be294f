import type { LineLayout, LineReader } from '../layout.ts'
import { Scan } from '../line-head.ts'
import { type BufinfoLine, readBufinfoLine } from './bufinfo-line.ts'
import { isAround, lineText, payloadOf, quoted, type SnapshotField, tellSnapshot } from './snapshot-event.ts'

const NAMES = {
  buffer: Buffer.from('bufinfo_buffer'),
  attachment: Buffer.from('bufinfo_attachment'),
  fence: Buffer.from('bufinfo_fence'),
  total: Buffer.from('bufinfo_total'),
  end: Buffer.from('bufinfo_end'),
}

/** A device's name where no `Attached Devices:` stands before it. */
const PCI_DEVICE = /^\s+[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\s*$/

interface State {
  line: number
  /** Inode number and exporter of the buffer whose lines these are; null before the first. */
  buffer: { ino: string | null; exporter: string } | null
  /** Its `Attached Devices:` was read, and so many names since; its total is to come. */
  inDevices: boolean
  devices: number
  /** Of this snapshot so far. */
  objects: number
  bytes: string
  /** Its header was read, and nothing amiss since. */
  whole: boolean
  /** Buffers were read, and no total of all yet. */
  open: boolean
}

const START: State = {
  line: 0,
  buffer: null,
  inDevices: false,
  devices: 0,
  objects: 0,
  bytes: '0',
  whole: false,
  open: false,
}

/**
 * `/sys/kernel/debug/dma_buf/bufinfo`: each buffer, attachment, fence and total is an event whose payload is put
 * together, `bufinfo_buffer: ino=80 size=4096 exp_name="system" …`. Totals are held against the lines they count.
 */
export const bufinfo: LineLayout = {
  scan: () => Scan.noTask,
  scanLoose: (b, p, head) => beginBufinfo(null, null).scanLoose(b, p, head),
  relativeTime: false,
  begin: beginBufinfo,
  takesTime: true,
}

function beginBufinfo(before: unknown, at: bigint | null): LineReader {
  const state: State = { ...START, ...(before as State | null) }
  return {
    scan: bufinfo.scan,
    structure: () => null,
    relativeTime: false,
    state: () => ({ ...state }),
    scanLoose(b, p, head) {
      state.line++
      const text = lineText(b, p)
      const line = readBufinfoLine(text)
      const clock = { at, line: state.line }
      const tell = (name: keyof typeof NAMES, fields: readonly SnapshotField[]) =>
        tellSnapshot(head, p, clock, NAMES[name], payloadOf(fields))
      const ino: SnapshotField = ['ino', state.buffer?.ino ?? null]
      if (line === null) {
        if (!PCI_DEVICE.test(text) && !(state.inDevices && /^\s+\S/.test(text))) return other(text)
        state.devices++
        return tell('attachment', [
          ino,
          ['exp_name', quoted(state.buffer?.exporter ?? null)],
          ['dev_name', quoted(text.trim())],
        ])
      }
      switch (line.kind) {
        case 'buffer':
          beginBuffer(line)
          return tell('buffer', line.fields)
        case 'fence':
          return tell('fence', [ino, ...line.fields])
        case 'total':
          return endBuffer(line.devices) ? tell('total', [ino, ['devices', line.devices]]) : Scan.miscounted
        case 'end': {
          const complete = endSnapshot(line)
          if (complete === null) return Scan.miscounted
          return tell('end', [
            ['objects', line.objects],
            ['bytes', line.bytes],
            ['complete', complete ? 1 : 0],
          ])
        }
        case 'header':
          return beginSnapshot()
        case 'devices':
          state.inDevices = true
          return Scan.ruler
        case 'skipped':
          state.whole = false
          return Scan.ruler
        default:
          return Scan.ruler
      }
    },
  }

  function other(text: string): number {
    if (isAround(text)) return Scan.ruler
    state.whole = false
    return Scan.noTask
  }

  function beginSnapshot(): number {
    const cut = state.open
    Object.assign(state, { ...START, line: state.line, whole: true })
    return cut ? Scan.unfinished : Scan.ruler
  }

  function beginBuffer(line: Extract<BufinfoLine, { kind: 'buffer' }>): void {
    // The one before has no total of its devices.
    if (state.buffer) state.whole = false
    state.buffer = { ino: line.ino === null ? null : String(line.ino), exporter: line.exporter }
    state.inDevices = false
    state.devices = 0
    state.objects++
    state.bytes = String(BigInt.asUintN(64, BigInt(state.bytes) + line.size))
    state.open = true
  }

  /** False where it counts other devices than were read. */
  function endBuffer(devices: number): boolean {
    const counted = state.buffer === null || state.devices === devices
    if (!counted) state.whole = false
    state.buffer = null
    state.inDevices = false
    state.devices = 0
    return counted
  }

  /** Whether these are all buffers of the machine; null where the lines before say otherwise, from the header on. */
  function endSnapshot({ objects, bytes }: { objects: number; bytes: bigint }): boolean | null {
    const counted = state.objects === objects && BigInt(state.bytes) === bytes
    const whole = state.whole && state.buffer === null
    Object.assign(state, { ...START, line: state.line })
    return whole && !counted ? null : whole
  }
}
