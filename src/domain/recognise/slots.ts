import type { Act } from '../act.ts'

/** The text fields of an `Act` that a payload field can fill. */
export type Slot =
  | 'ino'
  | 'dmabuf'
  | 'attach'
  | 'device'
  | 'devicePtr'
  | 'vdev'
  | 'exporter'
  | 'size'
  | 'ops'
  | 'inv'
  | 'p2p'
  | 'dynamic'
  | 'sgt'
  | 'iova'
  | 'length'
  | 'nents'
  | 'direction'
  | 'resv'
  | 'usage'
  | 'context'
  | 'seqno'
  | 'revoked'
  | 'ret'
  | 'fd'
  | 'state'

const names: Record<Slot, string> = {
  ino: 'ino inode i_ino inum',
  dmabuf: 'dmabuf dma_buf dbuf buf',
  attach: 'attach attachment att attachment_ptr',
  device: 'dev dev_name device bdf pdev pci devname importer',
  devicePtr: '',
  vdev: 'vdev core_vdev',
  exporter: 'exp exp_name exporter',
  size: 'size',
  ops: 'ops importer_ops',
  inv: 'inv inval invalidate invalidate_mappings move_notify notify cb callback',
  p2p: 'p2p allow_peer2peer peer2peer',
  dynamic: 'dyn is_dynamic dynamic',
  sgt: 'sgt sg_table sgtable',
  iova: 'iova dma dma_addr dma_address',
  length: 'len length dma_length dma_len',
  nents: 'nents',
  direction: 'dir direction',
  resv: 'resv obj',
  usage: 'usage',
  context: 'ctx context',
  seqno: 'seqno',
  revoked: 'revoked revoke',
  ret: 'ret retval err rc error result errno',
  fd: 'fd',
  state: 'state',
}

/** Which slot a field name means, for the names people give their probe arguments. */
export const SLOT_OF: ReadonlyMap<string, Slot> = new Map(
  (Object.keys(names) as Slot[]).flatMap((slot) =>
    names[slot]
      .split(' ')
      .filter((name) => name !== '')
      .map((name): [string, Slot] => [name, slot]),
  ),
)

/** Puts a value into a slot, telling a device's name from its address. */
export function fillSlot(act: Act, slot: Slot, value: string): void {
  if (value === '(fault)' || value === '(efault)') return
  if (slot !== 'inv' && isDamagedNumber(value)) return
  if (slot === 'device' && value.startsWith('0x')) act.devicePtr = value
  else if (slot === 'inv') act.inv = withoutOffset(value)
  else act[slot] = value
}

/** A number that something else follows: the line lost its end, and the next one stands in it. */
function isDamagedNumber(value: string): boolean {
  return value.startsWith('0x') && value.includes(' ')
}

/** `sym+0x0/0x60 [mod]` → `sym`. */
function withoutOffset(value: string): string {
  const plus = value.indexOf('+')
  if (plus > 0) return value.slice(0, plus)
  const blank = value.indexOf(' ')
  return blank > 0 ? value.slice(0, blank) : value
}
