/** A vfio device is named by its PCI name, by the address of its `vfio_pci_core_device`, or by both; the probes decide. */
import { describe, expect, it } from 'vitest'
import { all, event, type Step } from '../../support/printer.ts'
import { given } from '../../support/story.ts'
import { EXPORTER, exported, fencesAwaited, invalidated, released } from '../../support/trace.ts'

const OTHER = '0000:05:00.0'
const VDEV = '0xffff888150000010'
const named = (name: string | null, vdev: string | null) =>
  `${vdev === null ? '' : ` vdev=${vdev}`}${name === null ? '' : ` dev="${name}"`}`
const move = (revoked: 0 | 1, name: string | null, vdev: string | null, ...inside: Step[]) =>
  all(
    event('own_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core])${named(name, vdev)} revoked=${revoked}`),
    ...inside,
    event('own_move_ret', '(vfio_pci_core_ioctl+0x60c/0xb80 [vfio_pci_core] <- vfio_pci_dma_buf_move)'),
  )
const told = (b = {}) => all(invalidated(b), fencesAwaited(b))
/** Exported, and no probe says by which device. */
const homeless = given(exported({ ino: 1 }), exported({ ino: 2 })).without('vfiodb_feature')
const rows = (folded: { buffers: { exporterDevice: string | null; state: string }[] }) =>
  folded.buffers.map((row) => [row.exporterDevice, row.state])

describe('a vfio device', () => {
  it('by name gives its name to the buffers that are told inside its move', async () => {
    const folded = await homeless.when(move(1, EXPORTER, null, told())).judge()
    expect(rows(folded)).toEqual([
      [EXPORTER, 'revoked'],
      [null, 'live'],
    ])
    expect(folded.revocations).toMatchObject([{ exporterDevice: EXPORTER }])
  })

  it('by address alone is a device without a name', async () => {
    const folded = await homeless.when(move(1, null, VDEV, told()), move(0, null, VDEV, told())).judge()
    expect(rows(folded)).toEqual([
      [null, 'live'],
      [null, 'live'],
    ])
    expect(folded.revocations).toMatchObject([{ exporterDevice: null }])
    expect(folded.revocations[0]!.restoredNs).not.toBeNull()
  })

  it('by address gets its name from the first event that has both, and so do its buffers and revocations', async () => {
    const folded = await homeless.when(move(1, null, VDEV, told()), move(1, EXPORTER, VDEV)).judge()
    expect(rows(folded)[0]).toEqual([EXPORTER, 'revoked'])
    expect(folded.revocations).toMatchObject([{ exporterDevice: EXPORTER }])
  })

  it('by address is the one that has had a name at it: its buffers are restored though nobody is told', async () => {
    const folded = await given(exported())
      .when(move(1, EXPORTER, VDEV), move(0, null, VDEV))
      .judge()
    expect(rows(folded)).toEqual([[EXPORTER, 'live']])
  })

  it('by name is known by its address from the first event that has both', async () => {
    const folded = await homeless
      .when(move(1, EXPORTER, null, told()), move(1, EXPORTER, VDEV), move(0, null, VDEV, told()))
      .judge()
    expect(rows(folded)[0]).toEqual([EXPORTER, 'live'])
    expect(folded.revocations[0]!.restoredNs).not.toBeNull()
  })

  it('at the address of another one that was closed is what its name says', async () => {
    const folded = await homeless
      .when(
        move(1, OTHER, null, told({ ino: 2 })),
        move(0, EXPORTER, VDEV, told()),
        move(1, OTHER, VDEV),
        move(1, null, VDEV, told({ ino: 2 })),
      )
      .judge()
    expect(rows(folded)).toEqual([
      [EXPORTER, 'live'],
      [OTHER, 'revoked'],
    ])
  })

  it('at the address of another one is another one, though nothing had named it before', async () => {
    const first = homeless.when(move(1, EXPORTER, VDEV, told()), move(1, OTHER, VDEV, told({ ino: 2 })))
    expect(rows(await first.judge())).toEqual([
      [EXPORTER, 'revoked'],
      [OTHER, 'revoked'],
    ])
    const folded = await first.when(move(0, null, VDEV, told({ ino: 2 }))).judge()
    expect(rows(folded)).toEqual([
      [EXPORTER, 'revoked'],
      [OTHER, 'live'],
    ])
  })

  it('of which nothing is said is none: its move takes no buffer along', async () => {
    const folded = await homeless.when(move(1, null, null)).judge()
    expect(rows(folded)).toEqual([
      [null, 'live'],
      [null, 'live'],
    ])
  })

  it('of which nothing is said restores no buffer', async () => {
    const folded = await homeless.when(move(1, EXPORTER, null, told()), move(0, null, null, told())).judge()
    expect(rows(folded)[0]).toEqual([EXPORTER, 'revoked'])
    expect(folded.revocations).toMatchObject([{ restoredNs: null }])
  })

  it('is not the owner of a buffer that another exporter made', async () => {
    const folded = await given(exported({ exporter: 'udmabuf' }))
      .when(move(1, EXPORTER, null, told({ exporter: 'udmabuf' })))
      .judge()
    expect(folded.buffers).toMatchObject([{ exporterDevice: null }])
    expect(folded.revocations).toMatchObject([{ exporterDevice: null }])
  })
})

describe('a buffer', () => {
  it('is born revoked where its device is revoked, and live where it was restored', async () => {
    const first = given(exported(), move(1, EXPORTER, null, told()))
    const born = await first.when(exported({ ino: 2 })).judge()
    expect(rows(born)).toEqual([
      [EXPORTER, 'revoked'],
      [EXPORTER, 'revoked'],
    ])
    const back = await first.when(move(0, EXPORTER, null, told()), exported({ ino: 2 })).judge()
    expect(rows(back)[1]).toEqual([EXPORTER, 'live'])
    const other = await first.when(exported({ ino: 2, device: OTHER })).judge()
    expect(rows(other)[1]).toEqual([OTHER, 'live'])
  })

  it('that was released keeps its state whatever its device does', async () => {
    const folded = await given(exported(), released())
      .when(move(1, EXPORTER, null))
      .judge()
    expect(rows(folded)).toEqual([[EXPORTER, 'released']])
  })
})
