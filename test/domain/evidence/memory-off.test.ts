/** KERNEL.md §6, R5: memory off and D3 are as bad for a live mapping as a reset, and no reset follows them. */
import { expect, it } from 'vitest'
import { all, by, event, later, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  attachOf,
  dmabufOf,
  EXPORTER,
  exported,
  fencesAwaited,
  IMPORTER,
  invalidated,
  mapped,
  sgtOf,
  unmapped,
} from '../../support/trace.ts'

const move = (caller: string, ...inside: Step[]) =>
  all(
    event('vfiodb_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) dev="${EXPORTER}" revoked=1`),
    ...inside,
    event(
      'vfiodb_move_ret',
      `(${caller}+0x60/0xb80 [vfio_pci_core] <- vfio_pci_dma_buf_move) dev="${EXPORTER}" revoked=1`,
    ),
  )
const held = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())

it.each(['vfio_basic_config_write', 'vfio_pci_runtime_pm_entry'])(
  'is found where %s left a mapping',
  async (caller) => {
    const { revocations } = await held
      .when(move(caller, invalidated(), fencesAwaited()), later(1), unmapped())
      .judge(finding('reset-while-mapped', { severity: 'critical', summary: /was taken away/ }), besides('late-unmap'))
    expect(revocations).toMatchObject([{ verdict: 'violated' }])
  },
)

it('is nothing where everybody has let go, and no matter of a reset, which tells by itself', async () => {
  await held
    .when(move('vfio_basic_config_write', invalidated({}, unmapped()), fencesAwaited()))
    .judge(nothing('reset-while-mapped'))
  await held
    .when(move('vfio_pci_core_ioctl', invalidated(), fencesAwaited()), unmapped())
    .judge(nothing('reset-while-mapped'))
})

it('is nothing for what is on its way out, nor for the mapping that iommufd makes itself', async () => {
  const fields = `ino=1 attach=${attachOf({})}`
  const going = event('dbuf_unmap', `(dma_buf_unmap_attachment+0x4/0x80) ${fields} dev="${IMPORTER}" sgt=${sgtOf(1)}`)
  await held
    .when(going, by('vmm', 301, move('vfio_basic_config_write', invalidated(), fencesAwaited())))
    .judge(nothing('reset-while-mapped'))
  const iommufd = event(
    'dbuf_attached',
    `(__probestub_dma_buf_dynamic_attach+0x4/0x10) ino=1 dmabuf=${dmabufOf({})} attach=${attachOf({})} dev="iommu" dyn=1 p2p=1 ops=0xffffffffc0e788a0 opsym=o_x+0x0/0x10 [iommufd] inv=iopt_revoke_notify+0x0/0x60 [iommufd]`,
  )
  const translated = event(
    'map',
    'IOMMU: iova=0x00000000ffff0000 - 0x00000000ffff4000 paddr=0x00000000fe000000 size=16384',
  )
  const { mappings } = await given(exported(), iommufd, translated)
    .when(move('vfio_basic_config_write', invalidated(), fencesAwaited()))
    .judge(nothing('reset-while-mapped'), besides('late-unmap'))
  expect(mappings).toHaveLength(1)
})
