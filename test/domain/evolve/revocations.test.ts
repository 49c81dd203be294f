/** KERNEL.md §0.4, §1.5, §2.2: what an invalidate is that no move of vfio stands around, and when it is complete. */
import { describe, expect, it } from 'vitest'
import { all, by, event, later, lost, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { timeOf } from '../../support/times.ts'
import {
  attached,
  detached,
  EXPORTER,
  exported,
  fencesAwaited,
  IMPORTER,
  invalidated,
  mapped,
  reset,
  revoked,
  unmapped,
} from '../../support/trace.ts'

const OTHER = '0000:03:00.0'
const drm = { exporter: 'drm' }
const second = { ...drm, attach: 2, importer: OTHER }
/** `xe` keeps what it has mapped until its next use of the buffer (KERNEL.md §2.1). */
const lazy = given(exported(drm), attached('dynamic', drm), mapped(drm))
const two = lazy.when(attached('dynamic', second), mapped({ ...second, sgt: 2, iova: '0xfffe0000' }))

/** An invalidate whose caller is the exporter's own function. */
const toldBy = (caller: string, module: string, ...inside: Step[]) =>
  all(
    event('own_inval', '(dma_buf_invalidate_mappings+0x4/0x50) ino=1'),
    ...inside,
    event('own_inval_ret', `(${caller}+0x50/0x190 [${module}] <- dma_buf_invalidate_mappings) ino=1`),
  )

describe('the exporter’s own function', () => {
  it.each([
    ['amdgpu_bo_move_notify', 'amdgpu', 'move'],
    ['xe_bo_trigger_rebind', 'xe', 'move'],
    ['ttm_bo_handle_move_mem', 'ttm', 'move'],
    ['uverbs_dmabuf_done_revoke', 'ib_uverbs', 'destroy'],
    ['ib_uverbs_dmabuf_revoke', 'ib_uverbs', 'destroy'],
    ['my_uverbs_destroy', 'other', 'move'],
  ])('%s of %s tells its importers for: %s', async (caller, module, cause) => {
    const { folded } = await given(mapped(), toldBy(caller, module, unmapped()), reset()).fold()
    expect(folded.revocations).toMatchObject([{ cause, permanent: false }])
  })

  it('says nothing against what is known: RDMA memory is destroyed', async () => {
    const rdma = given(exported({ exporter: 'ib_uverbs' }))
    const { revocations, buffers } = await rdma.when(toldBy('ttm_bo_handle_move_mem', 'ttm'), fencesAwaited()).judge()
    expect(revocations).toMatchObject([{ cause: 'destroy', permanent: true }])
    expect(buffers).toMatchObject([{ state: 'dead', revocations: 1 }])
  })
})

describe('an invalidate outside a move', () => {
  it('is complete when importers are told, fences drained and mappings gone, whichever is last', async () => {
    const wait = fencesAwaited()
    const drop = by('kworker/1:1', 201, unmapped(drm))
    for (const [rest, last] of [
      [all(wait, later(3), drop), 'dbuf_unmap_ret'],
      [all(drop, later(3), wait), 'dbuf_resv_wait_ret'],
    ] as const) {
      const { folded, printed } = await lazy.when(invalidated(drm), later(2), rest).fold()
      expect(folded.revocations).toMatchObject([
        {
          requestedNs: timeOf(printed, 'dbuf_inval'),
          notifiedNs: timeOf(printed, 'dbuf_inval_ret'),
          fencesNs: timeOf(printed, 'dbuf_resv_wait_ret'),
          unmappedNs: timeOf(printed, 'dbuf_unmap_ret'),
          completedNs: timeOf(printed, last),
          blockedNs: timeOf(printed, last) - timeOf(printed, 'dbuf_inval'),
          restoredNs: null,
          slowestImporter: IMPORTER,
          cause: 'move',
          verdict: 'clean',
        },
      ])
      expect(folded.buffers).toMatchObject([{ state: 'live', revocations: 1 }])
    }
  })

  it('is complete when it returns, where everything else went before', async () => {
    const { folded, printed } = await lazy
      .when(invalidated({ ...drm, ino: 2 }), invalidated(drm, unmapped(drm), fencesAwaited()))
      .fold()
    // The wait inside is an importer's own, for what it does in its callback.
    expect(folded.revocations[1]).toMatchObject({ fencesNs: null, completedNs: null })
    expect(folded.revocations[1]!.notifiedNs).toBe(timeOf(printed, 'dbuf_inval_ret', 1))
  })

  it('is not over by an importer’s own wait, though nothing had shown yet that its return is probed', async () => {
    const own = lazy.when(invalidated(drm, unmapped(drm), fencesAwaited()))
    const { folded, printed } = await own.fold()
    expect(folded.revocations).toMatchObject([{ fencesNs: null, completedNs: null }])
    const after = await own.when(later(1), fencesAwaited()).fold()
    const drained = timeOf(after.printed, 'dbuf_resv_wait_ret', 1)
    expect(after.folded.revocations).toMatchObject([{ fencesNs: drained, completedNs: drained }])
    const unprobed = await own.without('dbuf_inval_ret').fold()
    expect(unprobed.folded.revocations).toMatchObject([{ fencesNs: timeOf(printed, 'dbuf_resv_wait_ret') }])
  })

  it('is not complete while fences are not drained, or an importer holds on', async () => {
    const held = await lazy.when(invalidated(drm), fencesAwaited()).judge(besides('leaked-mapping', 'late-unmap'))
    expect(held.revocations).toMatchObject([{ unmappedNs: null, completedNs: null, slowestImporter: null }])
    expect(held.buffers).toMatchObject([{ state: 'revoking' }])
    const undrained = await lazy.when(invalidated(drm, unmapped(drm))).judge()
    expect(undrained.revocations).toMatchObject([{ fencesNs: null, completedNs: null }])
  })

  it('names the importer that took longest, of two in one moment the last', async () => {
    const slow = by('kworker/1:1', 201, unmapped({ ...second, sgt: 2 }))
    const one = await two.when(invalidated(drm, slow, later(5), unmapped(drm)), fencesAwaited()).judge()
    expect(one.revocations).toMatchObject([{ slowestImporter: IMPORTER }])
    const other = await two.when(invalidated(drm, unmapped(drm), later(5), slow), fencesAwaited()).judge()
    expect(other.revocations).toMatchObject([{ slowestImporter: OTHER }])
  })

  it('is the one before again where nothing was mapped since, and a new one where something was', async () => {
    const again = await two.when(invalidated(drm, unmapped(drm)), invalidated(drm)).judge(besides('leaked-mapping'))
    expect(again.revocations).toHaveLength(1)
    const anew = await two
      .when(invalidated(drm, unmapped(drm)), mapped({ ...drm, sgt: 3 }), invalidated(drm))
      .judge(besides('leaked-mapping'))
    expect(anew.revocations).toHaveLength(2)
  })

  it('is over for the one before, too, when an importer lets go that both have told', async () => {
    const { folded, printed } = await two
      .when(
        invalidated(drm, unmapped(drm)),
        fencesAwaited(),
        mapped({ ...drm, sgt: 3 }),
        invalidated(drm, unmapped({ ...drm, sgt: 3 })),
        fencesAwaited(),
        by('kworker/1:1', 201, unmapped({ ...second, sgt: 2 })),
      )
      .fold()
    const gone = timeOf(printed, 'dbuf_unmap_ret', 2)
    expect(folded.revocations).toMatchObject([
      { unmappedNs: gone, completedNs: gone, slowestImporter: OTHER, verdict: 'clean' },
      { unmappedNs: gone, completedNs: gone, slowestImporter: OTHER, verdict: 'clean' },
    ])
    expect(folded.buffers).toMatchObject([{ state: 'live', revocations: 2 }])
  })

  it('of two that wait for the same importers, names in each the one that took longest, not the last', async () => {
    const late = mapped({ ...second, sgt: 2, iova: '0xfffe0000' })
    const story = lazy.when(attached('dynamic', second), invalidated(drm), later(20), late, invalidated(drm))
    const drop = (step: Step) => by('kworker/1:1', 201, later(1), step)
    const one = await story.when(drop(unmapped(drm))).judge(besides('late-unmap', 'leaked-mapping'))
    expect(one.revocations).toMatchObject([{ unmappedNs: expect.any(BigInt) }, { unmappedNs: null }])
    expect(one.buffers).toMatchObject([{ state: 'revoking', revocations: 2 }])
    const both = story.when(drop(unmapped(drm)), drop(unmapped({ ...second, sgt: 2 })))
    const { revocations, buffers } = await both.judge(besides('late-unmap'))
    expect(revocations.map((row) => row.slowestImporter)).toEqual([IMPORTER, IMPORTER])
    expect(buffers).toMatchObject([{ state: 'live' }])
  })

  it('is known by its return alone', async () => {
    const { folded, printed } = await lazy
      .when(invalidated(drm), by('kworker/1:1', 201, unmapped(drm)), fencesAwaited())
      .without('dbuf_inval')
      .fold()
    const at = timeOf(printed, 'dbuf_inval_ret')
    expect(folded.revocations).toMatchObject([{ requestedNs: at, notifiedNs: at, unmappedNs: expect.any(BigInt) }])
  })

  it('is nobody’s where its probe names no buffer', async () => {
    const nameless = all(
      event('own_inval', '(dma_buf_invalidate_mappings+0x4/0x50)'),
      event('own_inval_ret', '(tell+0x50/0x190 [drm] <- dma_buf_invalidate_mappings)'),
    )
    const { revocations } = await lazy.when(nameless, unmapped(drm)).judge()
    expect(revocations).toEqual([])
    expect((await lazy.when(nameless, unmapped(drm)).without('own_inval').judge()).revocations).toEqual([])
  })

  it('is of the buffer that its entry names, where the return names none', async () => {
    const story = lazy.when(
      event('own_inval', '(dma_buf_invalidate_mappings+0x4/0x50) ino=1'),
      unmapped(drm),
      event('own_inval_ret', '(tell+0x50/0x190 [drm] <- dma_buf_invalidate_mappings)'),
    )
    const { folded, printed } = await story.fold()
    expect(folded.revocations).toMatchObject([{ ino: 1n, notifiedNs: timeOf(printed, 'own_inval_ret') }])
  })

  it('of another exporter is none of the move that its thread has made before', async () => {
    const older = event('own_inval', '(dma_buf_invalidate_mappings+0x4/0x50) ino=7')
    const { buffers, revocations } = await given(exported(), revoked(), older).judge()
    expect(revocations.map((row) => row.exporterDevice)).toEqual([EXPORTER, null])
    expect(buffers.map((row) => row.exporterDevice)).toEqual([EXPORTER, null])
  })

  it('of an exporter that takes back for a while leaves the buffer revoked, also where no move is probed', async () => {
    const vfio = given(exported(), attached(), mapped(), invalidated({}, unmapped()), fencesAwaited())
    const { buffers, revocations } = await vfio.judge()
    expect(buffers).toMatchObject([{ state: 'revoked', exporterDevice: EXPORTER }])
    expect(revocations).toMatchObject([{ permanent: false, restoredNs: null }])
  })
})

describe('an exporter whose device is reset after it has told its importers', () => {
  const hardware = event('pcirst_amdgpu', '(amdgpu_asic_reset+0x4/0x20 [amdgpu])')
  const used = given(exported({ exporter: 'amdgpu' }), attached('dynamic', drm), mapped(drm))

  it('moved where its own function says so, and else has told them for a reason that nothing names', async () => {
    const moved = used.when(toldBy('amdgpu_bo_move_notify', 'amdgpu', unmapped(drm)), fencesAwaited(), hardware)
    expect((await moved.judge()).revocations).toMatchObject([{ cause: 'move' }])
    const silent = used.when(toldBy('my_bo_let_go', 'amdgpu', unmapped(drm)), fencesAwaited(), hardware)
    expect((await silent.judge()).revocations).toMatchObject([{ cause: 'unknown' }])
  })
})

describe('where no unmap is recorded', () => {
  it('a buffer that nobody has mapped needs none', async () => {
    const other = { exporter: 'udmabuf', ino: 2, attach: 2, sgt: 2 }
    const idle = given(exported(drm), attached('dynamic', drm)).when(
      by('other', 301, exported(other), attached('legacy', other), mapped(other)),
    )
    const { revocations } = await idle.when(invalidated(drm), fencesAwaited()).judge(besides('leaked-mapping'))
    expect(revocations).toMatchObject([{ verdict: 'clean' }])
  })

  it('a buffer that somebody had mapped is not cleanly revoked, though he has detached since', async () => {
    const gone = lazy.when(detached(drm), invalidated(drm), fencesAwaited())
    const { revocations } = await gone.judge(besides('leaked-mapping'))
    expect(revocations).toMatchObject([{ verdict: 'undetermined' }])
    const other = { ...drm, ino: 2, attach: 2, sgt: 2 }
    const seen = given(by('other', 301, mapped(other), unmapped(other))).when(
      exported(drm),
      attached('dynamic', drm),
      mapped(drm),
      detached(drm),
      invalidated(drm),
      fencesAwaited(),
    )
    expect((await seen.judge(besides('leaked-mapping'))).revocations).toMatchObject([{ verdict: 'clean' }])
  })
})

describe('an exporter that invalidates while its device is recovered', () => {
  const bad = event(
    'aer_event',
    `${EXPORTER} PCIe Bus Error: severity=Uncorrected, non-fatal, Poisoned TLP, TLP Header=Not available`,
  )
  const gpu = given(exported({ device: EXPORTER }), attached(), mapped())

  it('does so for that', async () => {
    const { folded } = await gpu.when(bad, invalidated({}, unmapped()), fencesAwaited()).fold()
    expect(folded.revocations).toMatchObject([{ cause: 'ras' }])
  })

  it('does not where it moves: its caller says what for', async () => {
    const { folded } = await gpu.when(bad, revoked({}, unmapped())).without('vfiodb_move_ret').fold()
    expect(folded.revocations).toMatchObject([{ cause: 'unknown' }])
  })

  it('does not where the error is long ago', async () => {
    const { folded } = await gpu.when(bad, later(11_000), invalidated({}, unmapped()), fencesAwaited()).fold()
    expect(folded.revocations).toMatchObject([{ cause: 'unknown' }])
  })
})

it('a buffer that nobody has told since it was mapped is reset without a revoke', async () => {
  const own = { exporter: 'vfio_pci_core' }
  const told = given(exported(own), attached(), mapped(), invalidated({}, unmapped()), fencesAwaited())
  await told.when(reset('sysfs')).judge(nothing('reset-without-revoke'), nothing('reset-while-mapped'))
  await told
    .when(mapped({ sgt: 2 }), reset('sysfs'))
    .judge(finding('reset-while-mapped'), besides('map-while-revoked', 'reset-without-revoke'))
})

describe('a revoke after a restore whose return is lost', () => {
  it('is another one, though nothing was mapped since', async () => {
    const restoring = event(
      'vfiodb_move',
      `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) dev="${EXPORTER}" revoked=0`,
    )
    const { folded } = await given(exported(), attached(), mapped())
      .when(revoked({}, unmapped()), restoring, invalidated(), lost(1), later(5), revoked())
      .fold()
    expect(folded.revocations.map(({ requestedNs }) => requestedNs)).toHaveLength(2)
    expect(folded.revocations.map(({ verdict }) => verdict)).not.toContain('clean')
  })
})
