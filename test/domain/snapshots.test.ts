import { describe, expect, it } from 'vitest'
import { bufinfo, fdinfo } from '../support/bufinfo.ts'
import type { Folded } from '../support/fold-file.ts'
import { foldInputs } from '../support/fold-inputs.ts'
import { by, event, later } from '../support/printer.ts'
import { besides, finding, given, nothing } from '../support/story.ts'
import {
  attached,
  attachOf,
  detached,
  EXPORTER,
  exported,
  IMPORTER,
  invalidated,
  mapped,
  move,
  released,
  reset,
  unmapped,
} from '../support/trace.ts'

const BEFORE = -5
const OTHER = '0000:03:00.0'
const exit = event('sched_process_exit', 'comm=tool pid=100 prio=120')
const open = (folded: Folded, ino = 1n) => folded.attachments.filter((row) => row.ino === ino)
const pointers = (folded: Folded) => open(folded).map((row) => row.attachment)
const buffer = (folded: Folded, ino = 1n) => folded.buffers.filter((row) => row.ino === ino)
const reasons = (folded: Folded) => folded.gaps.map((row) => row.reason)
const doubts = besides('leaked-mapping', 'leaked-attachment')

describe('a buffer older than the trace', () => {
  const used = given(mapped({ sgt: 1 }))
  const listed = bufinfo([{ ino: 1, devices: [IMPORTER] }])

  it('gets exporter and size from a snapshot, not the time of its export', async () => {
    const folded = await used.seenAt(BEFORE, listed).judge(doubts)
    expect(buffer(folded)).toEqual([
      expect.objectContaining({ exporter: 'vfio_pci_core', size: 16384n, exportedNs: null, attachments: 1 }),
    ])
  })

  it('has an importer of unknown class, attached before', async () => {
    const folded = await used.seenAt(BEFORE, listed).judge(doubts)
    expect(open(folded)).toEqual([
      expect.objectContaining({ importerDevice: IMPORTER, class: 'unknown', basis: 'unknown', attachedNs: null }),
    ])
    expect(folded.mappings).toHaveLength(1)
  })

  it('is live, but of an exporter that revokes it is not known whether it is', async () => {
    const two = bufinfo([{ ino: 1 }, { ino: 2, exporter: 'udmabuf' }])
    const folded = await given(event('x', 'y')).seenAt(BEFORE, two).judge()
    expect(folded.buffers.map((row) => row.state)).toEqual(['unknown', 'live'])
    expect(folded.mappings).toEqual([])
  })

  it('has a holder, and no importer, where only open files show it', async () => {
    const folded = await used.seenAt(BEFORE, fdinfo(), fdinfo({ pid: 801 })).judge(doubts)
    expect(buffer(folded)).toEqual([expect.objectContaining({ exporter: 'vfio_pci_core', size: 16384n })])
    expect(reasons(folded)).toEqual([])
  })
})

describe('an attachment that a snapshot shows by its device', () => {
  const twice = bufinfo([{ ino: 1, devices: [IMPORTER, IMPORTER] }])

  it('is the one that the trace goes on to name by pointer', async () => {
    const folded = await given(mapped())
      .seenAt(BEFORE, bufinfo([{ ino: 1, devices: [OTHER, IMPORTER] }]))
      .judge(doubts)
    expect(open(folded).map((row) => [row.importerDevice, row.attachment])).toEqual([
      [OTHER, null],
      [IMPORTER, attachOf({})],
    ])
  })

  it('stays two where its device is attached twice', async () => {
    const one = await given(mapped()).seenAt(BEFORE, twice).judge(doubts)
    expect(pointers(one)).toEqual([attachOf({}), null])
    const both = await given(mapped(), mapped({ attach: 2, sgt: 2 }))
      .seenAt(BEFORE, twice)
      .judge(doubts)
    expect(pointers(both)).toEqual([attachOf({}), attachOf({ attach: 2 })])
  })

  it('is joined without a device name only where it is the only one', async () => {
    const nameless = event('dbuf_unpin', `(dma_buf_unpin+0x4/0x30) ino=1 attach=${attachOf({})}`)
    const one = bufinfo([{ ino: 1, devices: [IMPORTER] }])
    expect(pointers(await given(nameless).seenAt(BEFORE, one).judge(doubts))).toEqual([attachOf({})])
    expect(pointers(await given(nameless).seenAt(BEFORE, twice).judge(doubts))).toEqual([null, null, attachOf({})])
  })

  it('is another one than is attached later', async () => {
    const once = bufinfo([{ ino: 1, devices: [IMPORTER] }])
    const folded = await given(attached()).seenAt(BEFORE, once).judge(doubts, besides('non-revocable-importer'))
    expect(open(folded).map((row) => row.attachedNs !== null)).toEqual([false, true])
  })

  it('ends with the detach of its device', async () => {
    const folded = await given(mapped({ ino: 9, attach: 9 }), detached())
      .seenAt(BEFORE, bufinfo([{ ino: 1, devices: [IMPORTER] }, { ino: 9 }]))
      .judge(doubts)
    expect(open(folded).map((row) => row.detachedNs !== null)).toEqual([true])
  })

  it('is none that the trace had not shown before', async () => {
    const seen = given(exported(), attached(), mapped(), attached('dynamic', { attach: 2 }))
    const folded = await seen.seenAt(10, twice).judge(doubts)
    expect(pointers(folded)).toEqual([attachOf({}), attachOf({ attach: 2 })])
    expect(buffer(folded)[0]!.attachments).toBe(2)
    const third = bufinfo([{ ino: 1, devices: [IMPORTER, IMPORTER, IMPORTER] }])
    expect(pointers(await seen.seenAt(10, third).judge(doubts))).toHaveLength(3)
  })

  it('is not counted again by the next snapshot, cut or whole', async () => {
    const cut = bufinfo([{ ino: 1, devices: [IMPORTER, IMPORTER] }], { total: false })
    const folded = await given(mapped()).seenAt(BEFORE, cut, twice, twice).judge(doubts)
    expect(pointers(folded)).toHaveLength(2)
    expect(reasons(folded)).toEqual([expect.stringMatching(/no total/)])
  })

  it('is not gone because a cut list went before the whole one', async () => {
    const cut = bufinfo([{ ino: 1 }], { total: false })
    const whole = bufinfo([{ ino: 2 }, { ino: 1 }])
    const folded = await given(event('x', 'y')).seenAt(BEFORE, cut, whole).judge()
    expect(folded.buffers.map((row) => row.state)).toEqual(['unknown', 'unknown'])
  })

  it('is no leak for being there', async () => {
    await given(event('x', 'y')).seenAt(BEFORE, twice).judge(nothing('leaked-attachment'))
  })

  it('proves no release while attached, since when it was taken was told and not traced', async () => {
    await given(by('other', 201, attached('dynamic', { ino: 2 })), detached({ ino: 2 }), released())
      .seenAt(BEFORE, bufinfo([{ ino: 1, devices: [IMPORTER] }, { ino: 2 }]))
      .judge(
        finding('released-while-attached', { missing: /rests on a snapshot/ }),
        finding('leaked-attachment', { missing: /rests on a snapshot/ }),
      )
  })
})

describe('a snapshot after the trace', () => {
  const held = given(exported(), attached(), mapped())
  const still = bufinfo([{ ino: 1, devices: [IMPORTER] }])

  it('shows that somebody is attached still, not who', async () => {
    const wanted = {
      missing: /snapshot 1[.\d]+ s after the trace ends shows its device still attached/,
      evidence: ['dma_buf_dynamic_attach', 'dbuf_map', 'bufinfo_attachment'],
    }
    const mapping = { ...wanted, evidence: ['dbuf_map', 'bufinfo_attachment'] }
    await held.seenAt(12_000, still).judge(finding('leaked-attachment', wanted), finding('leaked-mapping', mapping))
  })

  it('does not make the trace longer: nothing is late, and no exit long ago', async () => {
    await held
      .when(exit)
      .seenAt(60_000, still)
      .judge(
        finding('leaked-attachment', { missing: /after the trace ends/ }),
        finding('leaked-mapping', { missing: /after the trace ends/ }),
      )
    await held
      .when(move(1, EXPORTER, 'ioctl', invalidated()))
      .seenAt(60_000, still)
      .judge(finding('late-unmap', { missing: /within its deadline/ }), doubts)
  })

  it('without the buffer says that it was released, not when', async () => {
    const folded = await held
      .seenAt(12_000, bufinfo([{ ino: 2, exporter: 'system' }]))
      .judge(
        finding('leaked-attachment', { missing: /no longer shows the buffer/ }),
        finding('leaked-mapping', { missing: /no longer shows the buffer/ }),
      )
    expect(buffer(folded)).toEqual([expect.objectContaining({ state: 'released', releasedNs: null })])
  })

  it('without the buffer says nothing where it is cut, or counts others than it lists', async () => {
    const cut = bufinfo([{ ino: 2, exporter: 'system' }], { total: false })
    const folded = await held.seenAt(12_000, cut).judge(doubts)
    expect(buffer(folded)[0]!.state).toBe('live')
    expect(reasons(folded)).toEqual([expect.stringMatching(/no total that fits/)])
    const whole = bufinfo([{ ino: 2, exporter: 'system' }])
    const miscounted = { ...whole, text: whole.text.replace('Total 1 objects', 'Total 2 objects') }
    expect(buffer(await held.seenAt(12_000, miscounted).judge(doubts))[0]!.state).toBe('live')
    const excerpt = { ...whole, text: whole.text.replace('Dma-buf Objects:', '') }
    expect(buffer(await held.seenAt(12_000, excerpt).judge(doubts))[0]!.state).toBe('live')
  })

  it('proves no loss of events in the trace where it is cut', async () => {
    await given(exported(), attached(), mapped(), unmapped(), detached(), attached(), mapped())
      .when(later(100), released())
      .seenAt(50, bufinfo([{ ino: 2, exporter: 'system' }], { total: false }))
      .judge(finding('released-while-attached'), finding('leaked-attachment'), finding('leaked-mapping'))
  })
})

describe('a snapshot in the middle of a trace', () => {
  const held = given(
    exported(),
    attached(),
    mapped(),
    by('x', 7, mapped({ ino: 2, attach: 2 }), unmapped({ ino: 2, attach: 2 })),
  )

  it('without an attachment makes doubtful what rests on it', async () => {
    await held
      .when(later(100), move(1, EXPORTER, 'ioctl', invalidated()), reset())
      .seenAt(50, bufinfo([{ ino: 1 }, { ino: 2 }]))
      .judge(
        finding('reset-while-mapped', { missing: /no longer shows its device attached/ }),
        besides('leaked-mapping', 'leaked-attachment', 'late-unmap', 'fences-not-awaited'),
      )
  })

  it('without a buffer is not believed once the buffer is heard of again', async () => {
    const folded = await held
      .when(later(100), unmapped(), detached())
      .seenAt(50, bufinfo([{ ino: 2 }]))
      .judge(doubts)
    expect(buffer(folded)[0]!.state).toBe('unknown')
  })

  it('does not end a gap of the trace', async () => {
    const folded = await given(mapped(), later(100), (print) => print.raw('what is this'), later(100), unmapped())
      .seenAt(150, bufinfo([{ ino: 1, devices: [IMPORTER] }]))
      .judge(doubts)
    expect(folded.gaps.map((row) => [row.fromNs, row.toNs])).toEqual([[10_000_050_000n, 10_200_100_000n]])
    const atEnd = await given(mapped(), (print) => print.raw('what is this'))
      .seenAt(150, bufinfo([{ ino: 1, devices: [IMPORTER] }]))
      .judge(doubts)
    expect(atEnd.gaps.map((row) => [row.fromNs, row.toNs])).toEqual([[10_000_050_000n, null]])
  })

  it('shows a fence that is pending, though maybe of another buffer', async () => {
    const fence = 'bookkeep fence:7:9 timeline driver unsignalled'
    const told = held.when(later(100), event('dma_fence_signaled', 'driver=d timeline=t context=1 seqno=1'))
    const revoke = [move(1, EXPORTER, 'ioctl', invalidated({}, unmapped())), reset()]
    await told
      .when(...revoke)
      .seenAt(50, bufinfo([{ ino: 1, devices: [IMPORTER], fences: [fence] }, { ino: 2 }]))
      .judge(finding('fences-not-awaited', { missing: /may be theirs/, summary: /fence 7:9/ }), doubts)
    const signalled = fence.replace('unsignalled', 'signalled')
    await told
      .when(...revoke)
      .seenAt(50, bufinfo([{ ino: 1, devices: [IMPORTER], fences: [signalled] }, { ino: 2 }]))
      .judge(nothing('fences-not-awaited'), doubts)
  })
})

describe('what an attachment alone does not prove', () => {
  it('a reset of its exporter is undetermined, not clean and not violated', async () => {
    const folded = await given(reset('sysfs'))
      .seenAt(BEFORE, bufinfo([{ ino: 1, devices: [IMPORTER] }]))
      .judge(nothing('reset-while-mapped'), nothing('reset-without-revoke'))
    expect(folded.resets.map((row) => row.verdict)).toEqual(['undetermined'])
  })

  it('a list of other buffers does not make the trace speak of dma-buf', async () => {
    const folded = await given(reset('sysfs'))
      .seenAt(BEFORE, bufinfo([{ ino: 1, exporter: 'udmabuf' }]))
      .judge()
    expect(folded.resets.map((row) => row.verdict)).toEqual(['undetermined'])
  })

  it('a buffer of a module that resets its device may have been revoked before', async () => {
    const hardware = [
      event('pcirst_dbt', '(dbt_hw_reset+0x4/0x20 [dbtest]) dev=0xffff889ac10560d0 ms=5'),
      event('pcirst_dbt_ret', '(dbt_ioctl+0x3af/0x73a [dbtest] <- dbt_hw_reset)'),
    ]
    await given(invalidated({ ino: 2, exporter: 'other' }), ...hardware)
      .seenAt(
        BEFORE,
        bufinfo([
          { ino: 1, exporter: 'dbtest', devices: [IMPORTER] },
          { ino: 2, exporter: 'other' },
        ]),
      )
      .judge(finding('reset-without-revoke', { missing: /only a snapshot shows this buffer/ }))
  })

  it('a fence that was pending before the trace may have signalled before it, too', async () => {
    await given(mapped(), move(1, EXPORTER, 'ioctl', invalidated({}, unmapped())), reset())
      .seenAt(BEFORE, bufinfo([{ ino: 1, devices: [IMPORTER], fences: ['write fence:7:9 t d unsignalled'] }]))
      .judge(besides('leaked-attachment'), nothing('fences-not-awaited'))
  })
})

describe('a snapshot of another boot', () => {
  const held = given(exported(), attached(), mapped())
  const foreign = /contradicts the trace over buffer 1.*another boot/

  it.each([
    ['another exporter', { ino: 1, exporter: 'system', devices: [OTHER] }],
    ['another size', { ino: 1, size: 4096, devices: [OTHER] }],
  ])('has %s for an inode number: nothing of it is believed', async (_, listed) => {
    const folded = await held.seenAt(50, bufinfo([{ ino: 7, devices: [OTHER] }, listed])).judge(doubts)
    expect(reasons(folded)).toEqual([expect.stringMatching(foreign)])
    expect(buffer(folded)).toEqual([
      expect.objectContaining({ exporter: 'vfio_pci_core', size: 16384n, state: 'live', attachments: 1 }),
    ])
    expect(pointers(folded)).toEqual([attachOf({})])
    expect(buffer(folded, 7n)[0]).toMatchObject({ state: 'unknown', attachments: 0 })
  })

  it('shows a buffer that this one has released', async () => {
    const folded = await held
      .when(unmapped(), detached(), released())
      .seenAt(50, bufinfo([{ ino: 1, devices: [IMPORTER] }]))
      .judge()
    expect(reasons(folded)).toEqual([expect.stringMatching(foreign)])
    expect(buffer(folded)[0]!.state).toBe('released')
  })

  it('shows a buffer that this one exports only later', async () => {
    const folded = await held.seenAt(BEFORE, bufinfo([{ ino: 1, devices: [IMPORTER] }])).judge(doubts)
    expect(reasons(folded)).toEqual([expect.stringMatching(/exported only later.*another boot, or its time is wrong/)])
    expect(buffer(folded).map((row) => [row.state, row.attachments])).toEqual([
      ['unknown', 0],
      ['live', 1],
    ])
  })

  it('shows a buffer that the trace gives another exporter', async () => {
    const older = given(invalidated({ exporter: 'amdgpu' }))
    const folded = await older.seenAt(BEFORE, bufinfo([{ ino: 1, devices: [IMPORTER] }])).judge()
    expect(reasons(folded)).toEqual([expect.stringMatching(foreign)])
    expect(buffer(folded).map((row) => row.exporter)).toEqual(['vfio_pci_core', 'amdgpu'])
  })
})

describe('a snapshot that is not believed', () => {
  const system = { exporter: 'system' }
  const contradicted = { ino: 1, size: 4096 }

  it('leaves nothing of what it alone has said', async () => {
    const listed = bufinfo([{ ino: 7, ...system, devices: [OTHER] }, contradicted])
    const folded = await given(exported(), later(100), event('dma_buf_get', 'exp_name=system size=16384 ino=7 fd=9'))
      .seenAt(50, listed)
      .judge()
    expect(buffer(folded, 7n).map((row) => [row.state, row.attachments])).toEqual([
      ['unknown', 0],
      ['unknown', 0],
    ])
  })

  it('leaves no buffer that may have been of a device that is reset, but for those that the trace has shown', async () => {
    const listed = bufinfo([{ ino: 7 }, contradicted])
    const right = given(exported(), attached(), mapped(), unmapped(), invalidated(), detached())
    const other = reset('sysfs', { device: '0000:05:00.0' })
    const alone = await right.when(later(100), other).seenAt(50, listed).judge()
    expect(alone.resets).toMatchObject([{ verdict: 'clean' }])
    const used = await right.when(
      by('other', 301, event('own_get', '(dma_buf_vmap+0x4/0x90) ino=3')),
      later(100),
      other,
    )
    expect((await used.seenAt(50, listed).judge()).resets).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('is not read on, nor is what it lacks gone', async () => {
    const listed = bufinfo([contradicted, { ino: 7, ...system, devices: [OTHER] }])
    const folded = await given(exported(), exported({ ino: 2 }))
      .seenAt(50, listed)
      .judge()
    expect(folded.buffers.map((row) => [row.ino, row.state])).toEqual([
      [1n, 'live'],
      [2n, 'live'],
    ])
  })

  it('keeps what the trace has shown of it since', async () => {
    const later7 = exported({ ino: 7, exporter: 'udmabuf' })
    const folded = await given(mapped(), later7)
      .seenAt(
        BEFORE,
        bufinfo([
          { ino: 1, devices: [IMPORTER, OTHER] },
          { ino: 7, ...system },
        ]),
      )
      .judge(doubts)
    expect(buffer(folded)).toMatchObject([{ exporter: 'vfio_pci_core', attachments: 1 }])
    expect(pointers(folded)).toContain(attachOf({}))
    expect(buffer(folded, 7n).map((row) => [row.exporter, row.state])).toEqual([
      ['system', 'unknown'],
      ['udmabuf', 'live'],
    ])
  })

  it('shows no fence of what it shows', async () => {
    const fence = 'bookkeep fence:7:9 timeline driver unsignalled'
    const folded = await given(exported(), attached(), mapped(), later(100), mapped({ ino: 2, attach: 2 }))
      .seenAt(50, bufinfo([{ ...contradicted, fences: [fence], devices: [OTHER] }]))
      .judge(doubts)
    expect(reasons(folded)).toEqual([expect.stringMatching(/contradicts the trace/)])
    expect(pointers(folded)).toEqual([attachOf({})])
  })
})

describe('a buffer that the trace has shown', () => {
  const drm = { exporter: 'drm' }

  it('keeps its state whatever lists it: a snapshot does not say of one', async () => {
    const folded = await given(exported(drm), attached('dynamic', drm), mapped(drm), invalidated(drm))
      .seenAt(50, bufinfo([{ ino: 1, ...drm, devices: [IMPORTER] }]))
      .judge(doubts, besides('late-unmap'))
    expect(buffer(folded)).toMatchObject([{ state: 'revoking', attachments: 1 }])
  })

  it('has one attachment more where another device is listed, and none where one has no name yet', async () => {
    const seen = given(exported(), attached())
    const other = await seen.seenAt(50, bufinfo([{ ino: 1, devices: [OTHER] }])).judge(doubts)
    expect(open(other).map((row) => row.importerDevice)).toEqual([IMPORTER, OTHER])
    const nameless = event('dbuf_unpin', `(dma_buf_unpin+0x4/0x30) ino=1 attach=${attachOf({})}`)
    const one = await given(nameless)
      .seenAt(50, bufinfo([{ ino: 1, devices: [OTHER] }]))
      .judge(doubts)
    expect(open(one)).toHaveLength(1)
  })
})

describe('a list that begins before the one before it had ended', () => {
  it('is read as a list of its own', async () => {
    const cut = bufinfo([{ ino: 1 }], { total: false })
    const whole = bufinfo([{ ino: 1, devices: [IMPORTER] }])
    const folded = await given(event('x', 'y')).seenAt(BEFORE, cut, whole).judge()
    expect(buffer(folded)).toMatchObject([{ attachments: 1 }])
  })

  it('shows a fence of it once', async () => {
    const fence = 'bookkeep fence:7:9 timeline driver unsignalled'
    const list = bufinfo([{ ino: 1, devices: [IMPORTER], fences: [fence] }])
    const told = given(exported(), attached(), mapped(), later(100)).when(
      event('dma_fence_signaled', 'driver=d timeline=t context=1 seqno=1'),
      move(1, EXPORTER, 'ioctl', invalidated({}, unmapped())),
      reset(),
    )
    const once = await told.seenAt(50, list).judge(finding('fences-not-awaited', { missing: /may be theirs/ }), doubts)
    const twice = await told
      .seenAt(50, list, list)
      .judge(finding('fences-not-awaited', { missing: /may be theirs/ }), doubts)
    expect(twice.findings.map((row) => row.summary)).toEqual(once.findings.map((row) => row.summary))
  })
})

describe('a snapshot alone', () => {
  it('is a list of buffers and of who is attached', async () => {
    const { folded } = await foldInputs([bufinfo([{ ino: 3, devices: [IMPORTER, OTHER] }, { ino: 4 }])], 0n)
    expect(folded.buffers.map((row) => [row.ino, row.attachments])).toEqual([
      [3n, 2],
      [4n, 0],
    ])
    expect(folded.findings).toEqual([])
    expect(folded.tier).toBeNull()
  })

  it('without a time still has an order', async () => {
    const loop = [bufinfo([{ ino: 3 }, { ino: 4 }]), bufinfo([{ ino: 4 }])].map(({ text }) => text).join('')
    const { folded } = await foldInputs([{ format: 'bufinfo', text: loop }], null)
    expect(folded.buffers.map((row) => row.state)).toEqual(['released', 'unknown'])
  })

  it('has a gap where a line is not understood', async () => {
    const { format, text } = bufinfo([{ ino: 3 }, { ino: 4 }])
    const damaged = text.replace('00000003', '0000_003')
    const { folded } = await foldInputs([{ format, text: damaged.replace(/^00016384.*0000_003.*$/m, '?') }], 5n)
    expect(folded.buffers.map((row) => row.ino)).toEqual([4n])
    expect(reasons(folded).length).toBeGreaterThan(0)
  })
})
