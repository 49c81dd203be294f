/** CONTRACT.md §5.11: which mapping an unmap ends, where probes show less than all of it, and what happens inside. */
import { describe, expect, it } from 'vitest'
import { all, by, console_, event, later, lost, type Step } from '../../support/printer.ts'
import { besides, finding, given, givenOptions, nothing } from '../../support/story.ts'
import { timeOf } from '../../support/times.ts'
import {
  attached,
  attachOf,
  detached,
  exported,
  fenceSignalled,
  IMPORTER,
  mapped,
  reset,
  sgtOf,
  unmapped,
} from '../../support/trace.ts'

type Fn = 'dma_buf_unmap_attachment' | 'dma_buf_unmap_attachment_unlocked' | 'vfio_pci_dma_buf_unmap'
const fields = (sgt: number | null) => `ino=1 attach=${attachOf({})}${sgt === null ? '' : ` sgt=${sgtOf(sgt)}`}`
const entry = (sgt: number | null, fn: Fn = 'dma_buf_unmap_attachment') =>
  event(`own_${fn}`, `(${fn}+0x4/0x80) ${fields(sgt)}`)
const exit = (sgt: number | null, fn: Fn = 'dma_buf_unmap_attachment') =>
  event(`own_${fn}_ret`, `(drop+0x26/0x50 [dbtest] <- ${fn}) ${fields(sgt)}`)
const elsewhere = (...steps: Step[]) => by('ioctl', 301, ...steps)

const held = given(exported(), attached(), mapped())
const two = held.when(mapped({ sgt: 2, iova: '0xfffe0000' }))
const open = besides('leaked-mapping', 'leaked-attachment')
const ended = (folded: { mappings: { unmappedNs: bigint | null }[] }) =>
  folded.mappings.map((row) => row.unmappedNs !== null)

describe('an unmap whose probe shows no sg_table', () => {
  it('ends the only mapping of its attachment, by its entry and by its return', async () => {
    for (const step of [entry(null), exit(null)]) expect(ended(await held.when(step).judge(open))).toEqual([true])
  })

  it('ends none of several by its return; by its entry, one that was not seen', async () => {
    expect(ended(await two.when(exit(null)).judge(open))).toEqual([false, false])
    const entered = await two.when(entry(null)).judge(open)
    expect(entered.mappings.map((row) => [row.mappedNs !== null, row.unmappedNs !== null])).toEqual([
      [true, false],
      [true, false],
      [false, true],
    ])
  })

  it('is none the second time where the map showed none either: it may be another one', async () => {
    const map = event('own_map', `(map_locked+0x47/0x80 [dbtest] <- dma_buf_map_attachment) ${fields(null)}`)
    const unmap = all(entry(null), exit(null))
    const story = given(exported(), attached(), map, unmap, unmap)
    expect(ended(await story.judge(nothing('double-unmap')))).toEqual([true, true])
  })

  it('is nobody’s where it shows nothing at all', async () => {
    const blind = event('own_unmap', '(dma_buf_unmap_attachment+0x4/0x80)')
    expect(ended(await held.when(blind).judge(open))).toEqual([false])
  })

  it('is part of the call around it, which shows one', async () => {
    const around: Fn = 'dma_buf_unmap_attachment_unlocked'
    const story = two.when(entry(1, around), entry(null), exit(null), exit(1, around))
    expect(ended(await story.judge(open))).toEqual([true, false])
  })
})

describe('an unmap inside another one', () => {
  it('is another one where it shows another sg_table: the return of the one before is not probed', async () => {
    const story = two.when(entry(1, 'dma_buf_unmap_attachment_unlocked'), entry(2))
    expect(ended(await story.judge(open))).toEqual([true, true])
  })

  it('of a mapping that another thread is taking down takes it down twice', async () => {
    await held.when(entry(1), elsewhere(entry(1))).judge(open, finding('double-unmap'))
  })
})

describe('a mapping whose end was taken from the entry of its unmap', () => {
  it('ends when that returns, if it does', async () => {
    const { folded, printed } = await held.when(entry(1), event('dma_buf_get', OTHER_FD), later(3), exit(1)).fold()
    expect(folded.mappings).toMatchObject([
      { endedBy: 'unmap', unmappedNs: timeOf(printed, 'own_dma_buf_unmap_attachment_ret') },
    ])
  })

  it('stays ended by the detach where that came in between', async () => {
    const first = all(mapped({ sgt: 9 }), entry(9), exit(9))
    const story = held.when(first, entry(1), elsewhere(detached()), later(3), exit(1))
    const { folded, printed } = await story.fold()
    expect(folded.mappings).toMatchObject([
      { endedBy: 'detach', unmappedNs: timeOf(printed, 'dbuf_detach') },
      { endedBy: 'unmap' },
    ])
  })
})

const OTHER_FD = 'exp_name=udmabuf size=4096 ino=7 fd=9'
const ACCESS = { recognisers: [{ event: 'my_dma', as: 'access', fields: { device: 'dev', iova: 'addr' } }] }
const IOVA = 'IOMMU: iova=0x00000000aaaa0000 - 0x00000000aaab0000'

describe('the first unmap of a trace is not over while its thread', () => {
  it.each([
    ['unmaps within', entry(1, 'vfio_pci_dma_buf_unmap')],
    ['takes down a translation', event('unmap', `${IOVA} size=65536 unmapped_size=65536`)],
    ['changes a domain', event('detach_device_from_domain', `IOMMU: device=${IMPORTER}`)],
    ['unmaps an address', event('dma_unmap_sg', `${IMPORTER} dir=BIDIRECTIONAL dma_addrs=[ffff0000] phys_addrs=[1]`)],
    ['signals a fence', fenceSignalled()],
    ['waits for a fence', event('dma_fence_wait_start', 'driver=d timeline=t context=7 seqno=9')],
    ['prints', console_('hello')],
    ['prints a warning', console_('WARNING: CPU: 0 PID: 1 at drivers/dma-buf/dma-buf.c:1 x+0x1/0x2')],
    [
      'prints a fault',
      console_(`DMAR: [DMA Write NO_PASID] Request device [0000:09:00.0] fault addr 0x1000 [fault reason 0x05] x`),
    ],
    ['prints an error', console_('pcieport 0000:00:09.0: AER: Corrected error message received from 0000:09:00.0')],
    ['is interrupted by an access', event('my_dma', 'dev=0000:09:00.0 addr=0x1000')],
    ['is marked', event('tracing_mark_write', 'here')],
    ['does what means nothing here', event('sched_switch', 'prev_comm=x')],
  ])('%s', async (_, step) => {
    await givenOptions(ACCESS, exported(), attached(), mapped())
      .when(unmapped({}, step, elsewhere(reset('sysfs'))))
      .judge(finding('reset-while-mapped'), besides('reset-without-revoke', 'kernel-splat'))
  })
})

describe('events lost inside an unmap', () => {
  it('may have been its return: that none is probed does not follow', async () => {
    await held
      .when(entry(1), later(1), lost(1), later(1), mapped({ sgt: 2 }), entry(2), elsewhere(reset('sysfs')), exit(2))
      .judge(finding('reset-while-mapped'), besides('reset-without-revoke'), open)
  })
})

describe('that a mapping was not unmapped', () => {
  const map = (fn: string) =>
    event(
      'own_map',
      `(map_locked+0x47/0x80 [dbtest] <- ${fn}) ${fields(1)} dev="${IMPORTER}" iova=0xffff0000 len=16384`,
    )
  const udmabuf = { exporter: 'dbtest' }
  const hardware = event('pcirst_dbt', '(dbt_hw_reset+0x4/0x20 [dbtest]) ms=5')
  const used = (mapper: string, unmapper: Fn) =>
    given(exported(udmabuf), attached('dynamic', udmabuf), map(mapper))
      .when(
        by('other', 301, event('own_unmap', `(${unmapper}+0x4/0x80) ino=9 attach=0xffff888129999990 sgt=${sgtOf(9)}`)),
      )
      .when(hardware)

  it.each<[string, Fn]>([
    ['dma_buf_map_attachment', 'dma_buf_unmap_attachment'],
    ['dma_buf_map_attachment_unlocked', 'dma_buf_unmap_attachment'],
    ['dma_buf_map_attachment_unlocked', 'dma_buf_unmap_attachment_unlocked'],
    ['vfio_pci_dma_buf_map', 'vfio_pci_dma_buf_unmap'],
    ['vfio_pci_dma_buf_map', 'dma_buf_unmap_attachment'],
  ])('through %s is certain where %s is probed', async (mapper, unmapper) => {
    await used(mapper, unmapper).judge(finding('reset-while-mapped'), besides('reset-without-revoke'), open)
  })

  it.each<[string, Fn]>([
    ['dma_buf_map_attachment', 'dma_buf_unmap_attachment_unlocked'],
    ['dma_buf_map_attachment_unlocked', 'vfio_pci_dma_buf_unmap'],
    ['vfio_pci_dma_buf_map', 'dma_buf_unmap_attachment_unlocked'],
  ])('through %s is not where only %s is', async (mapper, unmapper) => {
    await used(mapper, unmapper).judge(
      finding('reset-while-mapped', { missing: /no .*dma_buf_unmap_attachment\b.*was its probe set/ }),
      nothing('late-unmap'),
    )
  })

  it.each([
    ['is certain where any unmap is', true],
    ['is not where none is', false],
  ])('through a function of one’s own %s', async (_, seen) => {
    const own = {
      recognisers: [{ event: 'my_map', as: 'map', fields: { attach: 'a', ino: 'ino', iova: 'at', sgt: 's' } }],
    }
    const unmap = by(
      'other',
      301,
      event('own_unmap', '(vfio_pci_dma_buf_unmap+0x4/0x80) ino=9 attach=0xffff888129999990'),
    )
    await givenOptions(own, exported(udmabuf), attached('dynamic', udmabuf))
      .when(event('my_map', `ino=1 a=${attachOf({})} s=${sgtOf(1)} at=0xffff0000`), ...(seen ? [unmap] : []), hardware)
      .judge(
        finding('reset-while-mapped', seen ? {} : { missing: /no unmap event/ }),
        besides('reset-without-revoke'),
        open,
      )
  })
})
