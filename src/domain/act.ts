import type { ActType } from './act-type.ts'

/**
 * Where a record was taken: at a function's `entry` or `return`, or at an `event` (a tracepoint, a probe on one, or a
 * line of the kernel log), which tells of something that has happened.
 */
export type Point = 'entry' | 'return' | 'event'

/**
 * What a record means, with the fields that carry it. One object is reused for all records of a fold: take what you
 * keep. Absent fields are null. Values are as printed: pointers `0x…`, numbers decimal, symbols without offset.
 */
export interface Act {
  type: ActType
  point: Point
  /** The probed kernel function without offset or compiler suffix; null for tracepoints and text. */
  fn: string | null
  /** Module of `fn`, where the probe's head names it. */
  module: string | null
  /** For returns: the function returned into. */
  caller: string | null
  callerModule: string | null
  /** A name under the recording recipe's prefixes (`dbuf_`, `vfiodb_`, `pcirst_`): its probe set can be taken as complete. */
  recipe: boolean
  /** First record of its probe with this caller: what the probe shows at all is noted once. */
  fresh: boolean

  ino: string | null
  dmabuf: string | null
  attach: string | null
  /** Attachment pointer of a native event as printed there: hashed unless `hash-ptr=0`. */
  attachHashed: string | null
  /** Device name, as the driver core prints it. */
  device: string | null
  /** A device known only by address. */
  devicePtr: string | null
  vdev: string | null
  exporter: string | null
  size: string | null
  ops: string | null
  /** The importer's invalidate callback: a symbol, `0x0`, or an address. */
  inv: string | null
  p2p: string | null
  dynamic: string | null
  sgt: string | null
  iova: string | null
  length: string | null
  nents: string | null
  direction: string | null
  resv: string | null
  usage: string | null
  context: string | null
  seqno: string | null
  revoked: string | null
  ret: string | null
  fd: string | null
  state: string | null
  /** For kernel log lines, faults and resets by text: which kind of line it is. */
  detail: string | null
  /** Kernel log text. */
  text: string | null
}

export function emptyAct(): Act {
  return {
    type: 'other',
    point: 'event',
    fn: null,
    module: null,
    caller: null,
    callerModule: null,
    recipe: false,
    fresh: true,
    ino: null,
    dmabuf: null,
    attach: null,
    attachHashed: null,
    device: null,
    devicePtr: null,
    vdev: null,
    exporter: null,
    size: null,
    ops: null,
    inv: null,
    p2p: null,
    dynamic: null,
    sgt: null,
    iova: null,
    length: null,
    nents: null,
    direction: null,
    resv: null,
    usage: null,
    context: null,
    seqno: null,
    revoked: null,
    ret: null,
    fd: null,
    state: null,
    detail: null,
    text: null,
  }
}

/** Field by field: this runs for every record. */
export function clearAct(act: Act): void {
  act.type = 'other'
  act.point = 'event'
  act.fn = null
  act.module = null
  act.caller = null
  act.callerModule = null
  act.recipe = false
  act.fresh = true
  act.ino = null
  act.dmabuf = null
  act.attach = null
  act.attachHashed = null
  act.device = null
  act.devicePtr = null
  act.vdev = null
  act.exporter = null
  act.size = null
  act.ops = null
  act.inv = null
  act.p2p = null
  act.dynamic = null
  act.sgt = null
  act.iova = null
  act.length = null
  act.nents = null
  act.direction = null
  act.resv = null
  act.usage = null
  act.context = null
  act.seqno = null
  act.revoked = null
  act.ret = null
  act.fd = null
  act.state = null
  act.detail = null
  act.text = null
}
