/** A kernel log can hold several boots, each with the dump of its trace: numbers and addresses begin anew. */
import { expect, it } from 'vitest'
import type { Folded } from '../../support/fold-file.ts'
import { dumped, foldLog } from '../../support/kernel-log.ts'
import { console_, event } from '../../support/printer.ts'
import {
  attached,
  attachOf,
  detached,
  dmabufOf,
  EXPORTER,
  exported,
  fenceAdded,
  fenceSignalled,
  fencesAwaited,
  IMPORTER,
  invalidated,
  mapped,
  moveEntry,
  moveReturn,
  refused,
  released,
  reset,
  resvOf,
  revoked,
  unmapped,
} from '../../support/trace.ts'

const PORT = '0000:00:1c.0'
const native = (what: 'dynamic_attach' | 'detach', hash: number) =>
  event(
    `dma_buf_${what}`,
    `exp_name=vfio_pci_core size=16384 ino=1 attachment:${String(hash).padStart(16, '0')} is_dynamic=1 dev_name=${IMPORTER}`,
  )
const attachShowing = (fields: string) =>
  event(
    'own_attach_ret',
    `(dbt_ioctl+0x214/0x73a [dbtest] <- dma_buf_dynamic_attach) ino=30 dev="${IMPORTER}" ${fields} ret=${attachOf({ attach: 30 })}`,
  )
const translated = 'IOMMU: iova=0x0000000000700000 - 0x0000000000701000'
const opsOf = 'ops=0xffffffffc0300000'

/** All that the fold can keep in mind. */
const before = [
  console_(`pci ${PORT}: PCI bridge to [bus 01-01]`),
  console_(`pcieport ${PORT}: AER: Uncorrected (Non-Fatal) error received: ${EXPORTER}`),
  exported(),
  refused('unheard', 95),
  attachShowing(`${opsOf} inv=dbt_inv+0x0/0x50`),
  attached(),
  mapped(),
  native('dynamic_attach', 77),
  fenceAdded(),
  fenceAdded({}, 7, 10),
  fenceSignalled(7, 11),
  exported({ ino: 2 }),
  attached('dynamic', { ino: 2, attach: 2 }),
  mapped({ ino: 2, attach: 2, sgt: 2, iova: '0xfffe0000' }),
  released({ ino: 2 }),
  event('map', `${translated} paddr=0x0 size=4096`),
  event('vfiodb_cleanup', `(vfio_pci_dma_buf_cleanup+0x4/0xf0 [vfio_pci_core]) dev="${EXPORTER}"`),
  moveEntry('1'),
  invalidated({}),
  event('pcirst_fn', `(pci_reset_function+0x4/0x90) dev="${EXPORTER}"`),
  event('sched_process_exit', 'comm=tool pid=100 prio=120'),
  event('p_attach', `(dma_buf_dynamic_attach+0x4/0x1c0) ino=31 dev="${IMPORTER}"`),
]

/** It begins in the middle of things; which probes are set is known from its first move on, as from the boot before. */
const after = [
  revoked({ ino: 8, device: '0000:09:00.0' }),
  event('r_attach', `(x+0x214/0x73a [x] <- dma_buf_dynamic_attach) ret=${attachOf({ attach: 31 })}`),
  moveReturn('1'),
  event('own_inval', `(dma_buf_invalidate_mappings+0x4/0x50) dmabuf=${dmabufOf({})}`),
  fencesAwaited(),
  event('dbuf_resv_add', `(dma_resv_add_fence+0x4/0x1c0) resv=${resvOf({})} usage=3 ctx=7 seqno=11`),
  attachShowing(opsOf),
  attached('unheard', { ino: 3, attach: 3 }),
  unmapped(),
  detached(),
  native('detach', 77),
  event('dma_buf_get', 'exp_name=vfio_pci_core size=16384 ino=1 fd=9'),
  released({ ino: 2 }),
  fenceSignalled(7, 9),
  exported({ ino: 4 }),
  attached('dynamic', { ino: 4, attach: 4 }),
  mapped({ ino: 4, attach: 4, sgt: 4, iova: '0x700000' }),
  revoked({ ino: 4 }, unmapped({ ino: 4, attach: 4, sgt: 4 })),
  event('aer_event', `${PORT} PCIe Bus Error: severity=Fatal, Malformed TLP, TLP Header=Not available`),
  reset('sysfs'),
]

/** What is told, without numbers that go on and what a gap makes doubtful. */
function told({ buffers, attachments, mappings, revocations, resets }: Folded) {
  const plain = (row: object) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !/^(?:id|buffer|.*Id|verdict|findings)$/.test(name)))
  return { buffers, attachments, mappings, revocations, resets, plain }
}

it('another boot knows nothing of the one before', async () => {
  const [first, second] = [dumped(...before), dumped(...after)]
  const one = told(await foldLog(...first))
  const alone = told(await foldLog(...second))
  const folded = await foldLog(...first, '-- Reboot --', ...second)
  const both = told(folded)
  expect(alone.mappings.length).toBeGreaterThan(0)
  for (const kind of ['buffers', 'attachments', 'mappings', 'revocations', 'resets'] as const) {
    const rows = both[kind].slice(one[kind].length)
    expect(rows.map(both.plain), kind).toEqual(alone[kind].map(both.plain))
  }
  expect(folded.gaps).toContainEqual(expect.objectContaining({ reason: 'another boot begins' }))
  const leaks = folded.findings.filter(({ rule }) => rule.startsWith('leaked-'))
  expect(leaks.filter(({ ino }) => ino === 2n || ino === null)).toEqual([])
})
