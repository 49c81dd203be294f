/** KERNEL.md §1.5, §3.2: the close of a device is for good, and memory switched off leaves what is mapped without it. */
import { describe, expect, it } from 'vitest'
import { all, event, later, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  closed,
  EXPORTER,
  exported,
  fenceAdded,
  fenceSignalled,
  fencesAwaited,
  invalidated,
  mapped,
  move,
  moveEntry,
  moveReturn,
  released,
  restored,
  revoked,
  unmapped,
} from '../../support/trace.ts'

const dev = `dev="${EXPORTER}"`
const cleanupEntry = event('vfiodb_cleanup', `(vfio_pci_dma_buf_cleanup+0x4/0xf0 [vfio_pci_core]) ${dev}`)
const cleanupReturn = event(
  'vfiodb_cleanup_ret',
  `(vfio_pci_core_close_device+0x1/0x2 [vfio_pci_core] <- vfio_pci_dma_buf_cleanup) ${dev}`,
)
const closeEntry = event('own_close', `(vfio_pci_core_close_device+0x4/0x90 [vfio_pci_core]) ${dev}`)
const movedBy = (caller: string, ...inside: Step[]) => all(moveEntry('1'), ...inside, moveReturn('1', caller))
const nextIno = { ino: 2, attach: 2, sgt: 2, iova: '0xfffe0000' }
const states = (folded: { buffers: { state: string }[] }) => folded.buffers.map((row) => row.state)

const held = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())

describe('the close', () => {
  it('is for good: the buffers are dead, the revocation permanent', async () => {
    const folded = await given(exported(), exported({ ino: 2 }), released({ ino: 2 }))
      .when(closed())
      .judge()
    expect(states(folded)).toEqual(['dead', 'released'])
    expect(folded.revocations).toMatchObject([{ cause: 'close', permanent: true, restoredNs: null }])
  })

  it.each([
    ['without its move', [cleanupEntry, cleanupReturn]],
    ['seen to end only', [cleanupReturn]],
    ['whose move did not return', [cleanupEntry, moveEntry('1'), invalidated(), cleanupReturn]],
    ['of which only the call around it was probed', [closeEntry, moveEntry('1'), invalidated(), moveReturn('1', 'x')]],
    ['whose move was seen to return only, inside it', [cleanupEntry, invalidated(), moveReturn('1', 'x')]],
  ])('%s leaves the buffers dead', async (_, steps) => {
    const folded = await given(exported(), exported({ ino: 2, device: '0000:05:00.0' }))
      .when(...steps)
      .judge()
    expect(states(folded)).toEqual(['dead', 'live'])
    for (const revocation of folded.revocations) expect(revocation).toMatchObject({ permanent: true })
  })

  it('makes what was revoked before it permanent', async () => {
    const folded = await held.when(revoked({}, unmapped()), cleanupEntry, cleanupReturn).judge()
    expect(folded.revocations).toMatchObject([{ cause: 'reset', permanent: true, restoredNs: null }])
    expect(states(folded)).toEqual(['dead'])
  })

  it('leaves what was restored before it as it was', async () => {
    const folded = await held.when(revoked({}, unmapped()), restored(), cleanupEntry, cleanupReturn).judge()
    expect(folded.revocations[0]).toMatchObject({ permanent: false })
    expect(folded.revocations[0]!.restoredNs).not.toBeNull()
  })

  it('is not undone by the un-revoke that follows it', async () => {
    const folded = await given(exported(), closed()).when(move(0)).judge()
    expect(states(folded)).toEqual(['dead'])
    expect(folded.revocations).toMatchObject([{ permanent: true, restoredNs: null }])
  })
})

describe('memory switched off', () => {
  const off = (...inside: Step[]) => movedBy('vfio_basic_config_write', ...inside)

  it('is nothing to an unmap that had begun', async () => {
    const entry = event(
      'dbuf_unmap',
      '(dma_buf_unmap_attachment+0x4/0x80) ino=1 attach=0xffff888120000010 dev="0000:02:00.0" sgt=0xffff888140000010',
    )
    await held
      .when(off(invalidated({}, entry), fencesAwaited()))
      .judge(nothing('reset-while-mapped'), besides('late-unmap'))
  })

  it('is told of those mappings that stayed, and names them', async () => {
    await held
      .when(
        attached('dynamic', { attach: 2, importer: '0000:03:00.0' }),
        mapped({ ...nextIno, ino: 1, importer: '0000:03:00.0' }),
      )
      .when(
        off(invalidated({}, unmapped()), fencesAwaited()),
        later(1),
        unmapped({ ...nextIno, ino: 1, importer: '0000:03:00.0' }),
      )
      .judge(finding('reset-while-mapped', { importer: '0000:03:00.0' }), besides('late-unmap'))
  })
})

it('a fence that nobody waited for is told of with the revoke, and only if it had not signalled', async () => {
  const busy = given(exported(), attached(), mapped(), fencesAwaited({}, 0), fenceAdded())
  const hasty = move(1, EXPORTER, 'ioctl', invalidated({}, unmapped()))
  await busy.when(hasty, fenceSignalled()).judge(finding('late-fence'), besides('fences-not-awaited'))
  await busy.when(fenceSignalled(), hasty).judge(nothing('late-fence'))
})
