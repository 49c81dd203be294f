/** KERNEL.md §0.9, §6: a buffer is its inode number; by the address of its `dma_buf` only as long as no other is there. */
import { describe, expect, it } from 'vitest'
import { bufinfo } from '../../support/bufinfo.ts'
import { type Folded, foldText } from '../../support/fold-file.ts'
import { event, later, printTrace, type Step } from '../../support/printer.ts'
import { besides, given } from '../../support/story.ts'
import {
  attached,
  detached,
  dmabufOf,
  EXPORTER,
  exported,
  mapped,
  move,
  released,
  reset,
  unmapped,
} from '../../support/trace.ts'

const fold = async (...steps: Step[]): Promise<Folded> => (await given(...steps).fold()).folded
const numbers = ({ buffers }: Folded) => buffers.map(({ ino }) => ino)
const here = dmabufOf({})
const OTHER = '0000:07:00.0'
/** As a kprobe without the inode number prints it. */
const told = event('own_inval', `(dma_buf_invalidate_mappings+0x4/0x50) dmabuf=${here}`)
const named = (ino: number, dmabuf = here) =>
  event('dbuf_inval', `(dma_buf_invalidate_mappings+0x4/0x50) ino=${ino} exp="vfio_pci_core" dmabuf=${dmabuf}`)
/** The return probe of an export that shows no inode number. */
const bareExport = (size: number, dmabuf = here) =>
  event('own_export', `(make+0x20/0x40 [own] <- dma_buf_export) exp="own" size=${size} dmabuf=${dmabuf}`)
const feature = event(
  'vfiodb_feature',
  `(vfio_device_fops_unl_ioctl+0x4ac/0x990 [vfio] <- vfio_pci_core_feature_dma_buf) dev="${EXPORTER}" fd=9`,
)

describe('a buffer first met by its address', () => {
  it('is the one that is named with that address later, and by its number alone after that', async () => {
    const folded = await fold(told, named(7), released({ ino: 7 }))
    expect(folded.buffers).toMatchObject([{ ino: 7n, exporter: 'vfio_pci_core', state: 'released' }])
    expect(folded.revocations).toMatchObject([{ ino: 7n }])
  })

  it('is not the one that is exported to that address later: nobody sees a buffer before its export', async () => {
    const folded = await fold(told, move(1), bareExport(4096))
    expect(folded.buffers).toMatchObject([
      { ino: null, size: null, exportedNs: null },
      { ino: null, size: 4096n, state: 'live', revocations: 0 },
    ])
    const whole = await fold(
      told,
      event('dbuf_export', `(make+0x20/0x40 [own] <- dma_buf_export) ino=9 exp="own" size=4096 dmabuf=${here}`),
    )
    expect(whole.buffers).toMatchObject([
      { ino: null, exportedNs: null },
      { ino: 9n, size: 4096n, state: 'live', revocations: 0 },
    ])
  })
})

describe('an address that is used again', () => {
  it('is of the buffer that is named with it, though the end of the first was not recorded', async () => {
    const folded = await fold(exported(), named(9), told)
    expect(folded.buffers).toMatchObject([
      { ino: 1n, exporterDevice: EXPORTER, revocations: 0 },
      { ino: 9n, exportedNs: null, revocations: 1 },
    ])
  })

  it('is of a new buffer after another export, and the device has but that one', async () => {
    const folded = await fold(bareExport(4096), feature, bareExport(8192), feature, told, reset('sysfs'))
    expect(folded.buffers).toMatchObject([
      { size: 4096n, revocations: 0 },
      { size: 8192n, revocations: 1 },
    ])
    expect(folded.resets).toMatchObject([{ buffers: 1 }])
  })

  it('is of no device whose export failed: the thread had exported another driver’s before', async () => {
    const failed = event(
      'vfiodb_feature',
      `(vfio_device_fops_unl_ioctl+0x4ac/0x990 [vfio] <- vfio_pci_core_feature_dma_buf) dev="${EXPORTER}" fd=-22`,
    )
    const folded = await fold(bareExport(4096), failed)
    expect(folded.buffers).toMatchObject([{ size: 4096n, exporterDevice: null }])
    expect((await fold(bareExport(4096), feature)).buffers).toMatchObject([{ exporterDevice: EXPORTER }])
  })

  it('stays with the new buffer when the release of the first comes to be told', async () => {
    const late = event('own_release', '(dma_buf_file_release+0x4/0x80) ino=1')
    const folded = await fold(exported(), named(9), late, told)
    expect(folded.buffers).toMatchObject([
      { ino: 1n, revocations: 0, state: 'released' },
      { ino: 9n, revocations: 1, releasedNs: null },
    ])
  })

  it('is of nobody after the release', async () => {
    const folded = await fold(exported(), released(), told)
    expect(numbers(folded)).toEqual([1n, null])
  })
})

describe('an export', () => {
  it('that failed has made no buffer, whatever its other fields show', async () => {
    const failed = event(
      'dbuf_export',
      `(make+0x20/0x40 [own] <- dma_buf_export) ino=77 exp="own" size=4096 dmabuf=0xfffffffffffffff4`,
    )
    expect(numbers(await fold(exported(), failed))).toEqual([1n])
  })

  it('that shows neither number nor address makes none', async () => {
    const bare = event('own_export', '(make+0x20/0x40 [own] <- dma_buf_export) size=1')
    expect(numbers(await fold(exported(), bare))).toEqual([1n])
  })

  it('is told by a return that shows the number alone', async () => {
    const { buffers } = await fold(event('own_export', '(make+0x20/0x40 [own] <- dma_buf_export) ino=5'))
    expect(buffers).toMatchObject([{ ino: 5n, state: 'live', exportedNs: 10_000_050_000n }])
  })

  it('is one, seen by two probes, and its first sighting counts', async () => {
    const { buffers } = await fold(exported())
    expect(buffers).toMatchObject([{ ino: 1n, size: 16384n, exportedNs: 10_000_050_000n, exporterDevice: EXPORTER }])
  })
})

describe('the device of a buffer', () => {
  const enters = (device: string) =>
    event('own_feature', `(vfio_pci_core_feature_dma_buf+0x4/0x420 [vfio_pci_core]) dev="${device}"`)
  const ofNobody = { exporter: 'vfio_pci_core' }
  const devices = ({ buffers }: Folded) => buffers.map(({ exporterDevice }) => exporterDevice)

  it('is told by the return of the call that exported it, not by the entry of the next', async () => {
    const steps = [enters(EXPORTER), exported(ofNobody), enters(OTHER), exported({ ino: 2 })]
    const entries = (
      await given(...steps)
        .without('vfiodb_feature')
        .fold()
    ).folded
    expect(devices(entries)).toEqual([null, null])
    expect(devices(await fold(...steps))).toEqual([EXPORTER, EXPORTER])
  })
})

describe('a buffer that a snapshot did not show', () => {
  const lists = { system: { ino: 2, exporter: 'system' } }
  const doubts = besides('leaked-attachment', 'leaked-mapping', 'reset-without-revoke', 'reset-while-mapped')
  const held = given(exported(), attached(), mapped(), later(100))

  it('is no longer of its device', async () => {
    const { resets } = await held
      .when(reset('sysfs'))
      .seenAt(50, bufinfo([lists.system]))
      .judge(doubts)
    expect(resets).toMatchObject([{ buffers: 0, mappingsLive: 0 }])
  })

  it.each([
    ['of its device', [], { buffers: 1 }, 'violated'],
    ['of a device that no event names', ['vfiodb_feature'], {}, 'undetermined'],
  ])('is again %s once it is heard of', async (_, without, row, verdict) => {
    const again = mapped({ sgt: 2 })
    const folded = await held
      .when(again, reset('sysfs'), unmapped({ sgt: 2 }), unmapped(), detached(), released())
      .without(...without)
      .seenAt(50, bufinfo([lists.system]))
      .judge(doubts)
    expect(folded.resets).toMatchObject([row])
    const spoken = folded.findings.filter(({ rule }) => rule === 'reset-while-mapped')
    expect(new Set(spoken.map((finding) => finding.verdict))).toEqual(new Set([verdict]))
    expect(folded.buffers[0]).toMatchObject({ ino: 1n, state: 'released' })
    expect(folded.findings.map(({ rule }) => rule)).not.toContain('leaked-attachment')
  })

  it('is again of its device once its number is heard of', async () => {
    const get = event('dma_buf_get', 'exp_name=vfio_pci_core size=16384 ino=1 fd=9')
    const folded = await held
      .when(get, reset('sysfs'))
      .seenAt(50, bufinfo([lists.system]))
      .judge(doubts)
    expect(folded.resets).toMatchObject([{ buffers: 1, mappingsLive: 1 }])
    expect(folded.buffers[0]).toMatchObject({ ino: 1n, state: 'unknown' })
    const leaks = folded.findings.filter(({ rule }) => rule === 'leaked-attachment')
    expect(leaks).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('is released when that is told, be it by its address alone', async () => {
    const late = event('own_release', `(dma_buf_release+0x4/0x80) dmabuf=${here}`)
    const { folded } = await given(exported(), later(100), late)
      .seenAt(50, bufinfo([lists.system]))
      .fold()
    expect(folded.buffers).toMatchObject([
      { ino: 1n, state: 'released', releasedNs: 10_100_200_000n },
      { ino: 2n, state: 'live' },
    ])
  })

  it('is told of by the trace or by the snapshot alone: a reset is clean where the trace would have', async () => {
    const old = (...steps: Step[]) =>
      given(...steps)
        .when(reset('sysfs'))
        .seenAt(-5, bufinfo([lists.system]))
        .judge()
    const silent = await old()
    expect(silent.resets).toMatchObject([{ verdict: 'undetermined' }])
    const speaking = await old(event('dma_buf_get', 'exp_name=system size=16384 ino=2 fd=9'))
    expect(speaking.resets).toMatchObject([{ verdict: 'clean' }])
  })
})

describe('more buffers than are worth remembering', () => {
  const MANY = 8193
  const brief = (ino: number): Step[] => [
    event('dma_buf_export', `exp_name=system size=4096 ino=${ino}`),
    event('dbuf_release', `(dma_buf_file_release+0x4/0x80) ino=${ino}`),
  ]
  const foldAll = (...steps: Step[]) => foldText(Buffer.from(`${printTrace(steps).lines.join('\n')}\n`))
  const crowd = Array.from({ length: MANY }, (_, i) => brief(i + 100)).flat()

  it('are forgotten after their release, the oldest first; what is older than the trace is not', async () => {
    const late = (ino: number) => attached('dynamic', { ino, attach: ino })
    const before = event('dma_buf_get', `exp_name=vfio_pci_core size=16384 ino=1 fd=9`)
    const folded = await foldAll(...crowd, before, late(100), late(99 + MANY), reset('sysfs'))
    const named = folded.buffers.filter(({ ino }) => ino === 100n || ino === BigInt(99 + MANY))
    expect(named.map(({ ino, state }) => [ino, state])).toEqual([
      [100n, 'released'],
      [BigInt(99 + MANY), 'released'],
      [100n, 'unknown'],
    ])
    expect(folded.resets).toMatchObject([{ device: EXPORTER, verdict: 'undetermined' }])
  })
})
