import { isError, mayMiss, number, type Trace, type TraceEvent, text } from './read-trace.ts'

/** KERNEL.md §6 "Keys": a buffer is its inode number; the dma_buf and resv pointers are reused. */
export interface Buffer {
  ino: string
  /** `exp_name`, null where no event gave it. */
  exporter: string | null
  /** The module that called `dma_buf_export()`. */
  module: string | null
  resv: bigint | null
  /** The PCI function a vfio buffer belongs to; null where unknown. */
  device: string | null
  exported: TraceEvent | null
  released: TraceEvent | null
}

export function findBuffers(trace: Trace): Buffer[] {
  const own = trace.events.filter((e) => /^(dbuf|dma_buf)_/.test(e.name) && /^\d+$/.test(text(e, 'ino') ?? ''))
  return [...Map.groupBy(own, (e) => text(e, 'ino')!)].map(([ino, events]) => describe(trace, ino, events))
}

function describe(trace: Trace, ino: string, own: TraceEvent[]): Buffer {
  const exported = own.find((e) => e.name === 'dbuf_export' && !isError(number(e, 'dmabuf'))) ?? null
  const named = own.find((e) => e.fields.has('exp') || e.fields.has('exp_name'))
  const buffer: Buffer = {
    ino,
    exporter: named ? (text(named, 'exp') ?? text(named, 'exp_name')) : null,
    module: exported?.module ?? null,
    resv: exported ? number(exported, 'resv') : null,
    device: null,
    exported: exported ?? own.find((e) => e.name === 'dma_buf_export') ?? null,
    released: own.find((e) => e.name === 'dbuf_release' || e.name === 'dbuf_final') ?? null,
  }
  buffer.device = deviceByExport(trace, exported) ?? deviceByMove(trace, own)
  buffer.resv ??= resvByWait(trace, own)
  return buffer
}

/** KERNEL.md §6: the export of vfio is followed, in the same task, by `vfiodb_feature dev=…`. */
function deviceByExport(trace: Trace, exported: TraceEvent | null): string | null {
  if (!exported || text(exported, 'exp') !== 'vfio_pci_core') return null
  const next = trace.events.find(
    (e) => e.seq > exported.seq && e.pid === exported.pid && (e.name === 'vfiodb_feature' || e.name === 'dbuf_export'),
  )
  if (next?.name !== 'vfiodb_feature' || mayMiss(trace, exported.seq, next.seq)) return null
  return text(next, 'dev')
}

/** KERNEL.md §6: "or by the `vfiodb_move dev` that encloses its `dbuf_inval`". */
function deviceByMove(trace: Trace, own: TraceEvent[]): string | null {
  for (const inval of own.filter((e) => e.name === 'dbuf_inval')) {
    const before = trace.events.findLast(
      (e) => e.seq < inval.seq && e.pid === inval.pid && e.name.startsWith('vfiodb_move'),
    )
    if (before?.name === 'vfiodb_move' && !mayMiss(trace, before.seq, inval.seq)) return text(before, 'dev')
  }
  return null
}

/** The exporter waits for the fences of the buffer it has just invalidated, in the same task. */
function resvByWait(trace: Trace, own: TraceEvent[]): bigint | null {
  for (const ret of own.filter((e) => e.name === 'dbuf_inval_ret')) {
    const next = trace.events.find((e) => e.seq > ret.seq && e.pid === ret.pid)
    if (next?.name === 'dbuf_resv_wait' && number(next, 'usage') === 3n) return number(next, 'resv')
  }
  return null
}

/** Whether the buffer may exist at this rank: exported before (or before the trace), not yet released. */
export function aliveAt(buffer: Buffer, seq: number): boolean {
  return (buffer.exported === null || buffer.exported.seq < seq) && !(buffer.released && buffer.released.seq < seq)
}
