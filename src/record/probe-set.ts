/** The probes of the recommended set (KERNEL.md §4.2), each with the evidence that it gives. */
import type { EvidenceName } from '../domain/evidence/kinds.ts'
import type { Kernel } from './kernel.ts'

export interface ProbeSpec {
  group: 'dbuf' | 'vfiodb' | 'pcirst'
  name: string
  shows: readonly EvidenceName[]
  /** The probed function, or the native event where `at` is `tracepoint`. */
  target: string
  at: 'entry' | 'return' | 'tracepoint'
  /**
   * `field=expression:type`, the expression in the words of the probed function; alternatives behind ` | ` for probes
   * that cannot say the first one.
   */
  fields: readonly string[]
}

const OF_ATTACH = 'ino=attach->dmabuf->file->f_inode->i_ino:u64'
const OF_BUFFER = 'ino=dmabuf->file->f_inode->i_ino:u64'
const DEVICE = 'dev=attach->dev->kobj.name:string'
const ATTACH = 'attach=attach:x64'
const SGT = 'sgt=sg_table:x64'
const VFIO_DEVICE = 'dev=vdev->pdev->dev.kobj.name:string'
const PCI_DEVICE = 'dev=dev->dev.kobj.name:string'
const RET = 'ret=$retval:s32'

/** Probes in the order in which they are set: what tells the most comes first. */
export function probeSet(kernel: Kernel): ProbeSpec[] {
  return [
    ...buffers(kernel),
    ...(kernel.vfioExports ? VFIO : []),
    ...reset('try', 'pci_try_reset_function', PCI_DEVICE),
    ...reset('fn', 'pci_reset_function', PCI_DEVICE),
    ...reset('flr', 'pcie_flr', PCI_DEVICE),
    ...reset('bus', 'pci_reset_bus', 'dev=pdev->dev.kobj.name:string'),
    probe('pcirst_disable', ['resets'], 'pci_dev_save_and_disable', 'entry', [PCI_DEVICE]),
    probe('pcirst_restore', ['resets'], 'pci_dev_restore', 'entry', [PCI_DEVICE]),
  ]
}

function probe(
  name: string,
  shows: readonly EvidenceName[],
  target: string,
  at: ProbeSpec['at'],
  fields: readonly string[],
): ProbeSpec {
  return { group: name.slice(0, name.indexOf('_')) as ProbeSpec['group'], name, shows, target, at, fields }
}

function buffers({ invalidate, callback, nativeEvents }: Kernel): ProbeSpec[] {
  const export_ = [
    'exp=exp_info->exp_name:string | $retval->exp_name:string',
    'size=exp_info->size:u64 | $retval->size:u64',
  ]
  return [
    ...(nativeEvents
      ? [
          probe('dbuf_attached', ['attaches', 'importers'], 'dma_buf_dynamic_attach', 'tracepoint', [
            OF_BUFFER,
            'dmabuf=dmabuf:x64',
            ATTACH,
            'dev=dev->kobj.name:string',
            'dyn=is_dynamic:u8',
            'p2p=attach->peer2peer:u8',
            'ops=attach->importer_ops:x64',
            'opsym=attach->importer_ops:symbol',
            `inv=attach->importer_ops->${callback}:symbol`,
          ]),
        ]
      : []),
    probe('dbuf_attach_ret', ['attaches', 'importers'], 'dma_buf_dynamic_attach', 'return', [
      OF_BUFFER,
      'exp=dmabuf->exp_name:string',
      'dmabuf=dmabuf:x64',
      'dev=dev->kobj.name:string',
      'ops=importer_ops:x64',
      // Where the event shows them, they are shown once.
      ...(nativeEvents ? [] : ['p2p=importer_ops->allow_peer2peer:u8', `inv=importer_ops->${callback}:symbol`]),
      'ret=$retval:x64',
    ]),
    probe('dbuf_detach', ['detaches'], 'dma_buf_detach', 'entry', [OF_BUFFER, ATTACH, DEVICE]),
    probe('dbuf_map', ['maps', 'addresses'], 'dma_buf_map_attachment', 'return', [
      OF_ATTACH,
      ATTACH,
      DEVICE,
      'dir=direction:u32',
      'sgt=$retval:x64',
      'nents=$retval->nents:u32',
      'iova=$retval->sgl->dma_address:x64',
      'len=$retval->sgl->dma_length:u32',
    ]),
    probe('dbuf_unmap', ['unmaps'], 'dma_buf_unmap_attachment', 'entry', [OF_ATTACH, ATTACH, DEVICE, SGT]),
    probe('dbuf_unmap_ret', ['unmaps'], 'dma_buf_unmap_attachment', 'return', [OF_ATTACH, ATTACH, SGT]),
    probe('dbuf_pin', ['pins'], 'dma_buf_pin', 'return', [OF_ATTACH, ATTACH, RET]),
    probe('dbuf_unpin', ['pins'], 'dma_buf_unpin', 'entry', [OF_ATTACH, ATTACH]),
    probe('dbuf_inval', ['invalidates'], invalidate, 'entry', [
      OF_BUFFER,
      'exp=dmabuf->exp_name:string',
      'dmabuf=dmabuf:x64',
    ]),
    probe('dbuf_inval_ret', ['invalidates'], invalidate, 'return', [OF_BUFFER, 'dmabuf=dmabuf:x64']),
    probe('dbuf_export', ['exports'], 'dma_buf_export', 'return', [
      'ino=$retval->file->f_inode->i_ino:u64',
      ...export_,
      'dmabuf=$retval:x64',
      'resv=$retval->resv:x64',
    ]),
    probe('dbuf_release', ['releases'], 'dma_buf_file_release', 'entry', [
      'ino=inode->i_ino:u64',
      'dmabuf=file->private_data:x64',
    ]),
    probe('dbuf_resv_wait', ['fence-waits'], 'dma_resv_wait_timeout', 'entry', [
      'resv=obj:x64',
      'usage=usage:u32',
      'intr=intr:u8',
      'timeout=timeout:s64',
    ]),
    probe('dbuf_resv_wait_ret', ['fence-waits'], 'dma_resv_wait_timeout', 'return', [
      'resv=obj:x64',
      'usage=usage:u32',
      'ret=$retval:s64',
    ]),
    probe('dbuf_resv_add', ['fence-adds'], 'dma_resv_add_fence', 'entry', [
      'resv=obj:x64',
      'usage=usage:u32',
      'ctx=fence->context:u64',
      'seqno=fence->seqno:u64',
    ]),
  ]
}

const VFIO: readonly ProbeSpec[] = [
  probe('vfiodb_move', ['moves'], 'vfio_pci_dma_buf_move', 'entry', [VFIO_DEVICE, 'revoked=revoked:u8']),
  probe('vfiodb_move_ret', ['moves'], 'vfio_pci_dma_buf_move', 'return', [VFIO_DEVICE, 'revoked=revoked:u8']),
  probe('vfiodb_cleanup', ['closes'], 'vfio_pci_dma_buf_cleanup', 'entry', [VFIO_DEVICE]),
  probe('vfiodb_cleanup_ret', ['closes'], 'vfio_pci_dma_buf_cleanup', 'return', [VFIO_DEVICE]),
  probe('vfiodb_feature', ['exports'], 'vfio_pci_core_feature_dma_buf', 'return', [VFIO_DEVICE, 'fd=$retval:s32']),
]

/** A reset function is probed at both ends: what happens within is part of it, and its result is in the return. */
function reset(short: string, target: string, device: string): ProbeSpec[] {
  return [
    probe(`pcirst_${short}`, ['resets'], target, 'entry', [device]),
    probe(`pcirst_${short}_ret`, ['resets'], target, 'return', [device, RET]),
  ]
}
