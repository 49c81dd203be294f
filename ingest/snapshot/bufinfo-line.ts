import { quoted, type SnapshotField } from './snapshot-event.ts'

/**
 * Lines of `/sys/kernel/debug/dma_buf/bufinfo`, drivers/dma-buf/dma-buf.c `dma_buf_debug_show()`. Mail clients make
 * blanks of its tabs, so any run of either divides columns.
 */
export type BufinfoLine =
  | { kind: 'header' | 'columns' | 'devices' | 'skipped' }
  | { kind: 'buffer'; ino: bigint | null; size: bigint; exporter: string; fields: SnapshotField[] }
  | { kind: 'fence'; fields: SnapshotField[] }
  /** `Total %d devices attached`. */
  | { kind: 'total'; devices: number }
  /** `Total %d objects, %zu bytes`. */
  | { kind: 'end'; objects: number; bytes: bigint }

const FIXED: { kind: 'header' | 'columns' | 'devices' | 'skipped'; test: RegExp }[] = [
  { kind: 'header', test: /^\s*Dma-buf Objects:\s*$/ },
  { kind: 'columns', test: /^\s*size\s+flags\s+mode\s+count\s+exp_name\b/ },
  { kind: 'devices', test: /^\s*Attached Devices:\s*$/ },
  // Up to 6.5 a buffer whose lock could not be had is left out.
  { kind: 'skipped', test: /^\s*ERROR locking (?:buffer )?object: skipping\s*$/i },
]

/**
 * `%08zu\t%08x\t%08x\t%08ld\t%s\t%08lu\t%s`: size, flags, mode, count, exp_name, ino, name. Before 5.3 neither inode
 * number nor name; a name that nobody set is empty, or `<none>`.
 */
const BUFFER =
  /^\s*(\d{8,20})\s+([0-9a-f]{8})\s+([0-9a-f]{8})\s+(-?\d{7,20})\s+(\S.*?)(?:\s+(\d{8,20})(?:[ \t]+(.*?))?)?\s*$/
const FENCE = /^\s*(kernel|write|read|bookkeep|exclusive|shared)\s+fence:\s*(.*?)\s*(un)?signall?ed\s*$/i
/** dma-fence.c `dma_fence_describe()` from 6.17 on: `%llu:%llu %s %s`, the names empty once it has signalled. */
const NUMBERED = /^(\d{1,20}):(\d{1,20})(?:\s+(.*))?$/
/** Up to 6.16: `%s %s seq %llu`; before 5.19 without the number. */
const NAMED = /^(\S+)\s+(.*?)(?:\s+seq\s+(\d{1,20}))?$/
/** Names are of 32 bytes at most (include/uapi/linux/dma-buf.h `DMA_BUF_NAME_LEN`), a driver's own are short. */
const LONGEST_LINE = 512
const TOTAL = /^\s*Total (\d{1,9}) devices attached\s*$/
const END = /^\s*Total (\d{1,9}) objects, (\d{1,20}) bytes\s*$/

/** What the line says, or null: the name of a device, or a line of something else. */
export function readBufinfoLine(line: string): BufinfoLine | null {
  if (line.length > LONGEST_LINE) return null
  const buffer = BUFFER.exec(line)
  if (buffer) return bufferLine(buffer)
  const fence = FENCE.exec(line)
  if (fence) return { kind: 'fence', fields: fenceFields(fence[1]!.toLowerCase(), fence[2]!, fence[3] === undefined) }
  const total = TOTAL.exec(line)
  if (total) return { kind: 'total', devices: Number(total[1]) }
  const end = END.exec(line)
  if (end) return { kind: 'end', objects: Number(end[1]), bytes: BigInt(end[2]!) }
  const fixed = FIXED.find(({ test }) => test.test(line))
  return fixed ? { kind: fixed.kind } : null
}

function bufferLine(match: RegExpExecArray): BufinfoLine {
  const [, size, flags, mode, count, exporter, inode, name] = match
  const ino = inode === undefined ? null : BigInt(inode)
  const named = name === undefined || name === '' || name === '<none>' ? null : name
  const fields: SnapshotField[] = [
    ['ino', ino],
    ['size', BigInt(size!)],
    ['exp_name', quoted(exporter!)],
    ['count', BigInt(count!)],
    ['flags', `0x${BigInt(`0x${flags}`).toString(16)}`],
    ['mode', `0x${BigInt(`0x${mode}`).toString(16)}`],
    ['name', quoted(named)],
  ]
  return { kind: 'buffer', ino, size: BigInt(size!), exporter: exporter!, fields }
}

/** Until 5.18 a reservation had one exclusive fence, of writers, and shared ones. */
const USAGES: Record<string, string> = { exclusive: 'write', shared: 'read' }

function fenceFields(usage: string, body: string, signaled: boolean): SnapshotField[] {
  const numbered = NUMBERED.exec(body)
  const named = numbered ? null : NAMED.exec(body)
  const names = numbered?.[3] ?? ''
  const cut = names.lastIndexOf(' ')
  return [
    ['usage', USAGES[usage] ?? usage],
    ['driver', quoted(numbered ? names.slice(cut + 1) : (named?.[1] ?? body))],
    ['timeline', quoted(numbered ? names.slice(0, Math.max(cut, 0)) : (named?.[2] ?? ''))],
    ['context', numbered ? BigInt(numbered[1]!) : null],
    ['seqno', numbered ? BigInt(numbered[2]!) : named?.[3] === undefined ? null : BigInt(named[3])],
    ['signaled', signaled ? 1 : 0],
  ]
}
