/** KERNEL.md §6, R5: memory off and D3 are as bad for a live mapping as a reset, and no reset follows them. */
import { expect, it } from 'vitest'
import { all, event, later, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { attached, EXPORTER, exported, fencesAwaited, invalidated, mapped, unmapped } from '../../support/trace.ts'

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
