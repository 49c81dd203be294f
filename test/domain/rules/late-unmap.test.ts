import { describe, expect, it } from 'vitest'
import { all, by, event, later, lost, type Step } from '../../support/printer.ts'
import { besides, finding, given, givenOptions, nothing, type Story } from '../../support/story.ts'
import {
  attached,
  attachOf,
  detached,
  EXPORTER,
  exported,
  fenceAdded,
  fenceSignalled,
  fencesAwaited,
  IMPORTER,
  type ImporterKind,
  invalidated,
  mapped,
  move,
  released,
  sgtOf,
  unmapped,
} from '../../support/trace.ts'

/** Its exporter waits, in `vfio_pci_dma_buf_move()`, until another task has unmapped. */
const lazy = (ms: number, options: unknown = {}, kind: ImporterKind = 'dynamic'): Story =>
  givenOptions(options, exported(), attached(kind), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped()).when(
    move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited(), later(ms), by('kworker/1:2', 201, unmapped())),
  )

describe('late-unmap', () => {
  it('is a warning from one second on', async () => {
    await lazy(3000).judge(
      finding('late-unmap', {
        severity: 'warning',
        ino: 1,
        importer: '0000:02:00.0',
        evidence: ['dbuf_map', 'dbuf_inval', 'dbuf_resv_wait_ret', 'dbuf_unmap', 'dbuf_unmap_ret'],
      }),
    )
  })

  it('is an error from ten seconds on', async () => {
    await lazy(10_001).judge(finding('late-unmap', { severity: 'error' }))
  })

  it('is nothing within the deadline', async () => {
    await lazy(900).judge(nothing('late-unmap'))
  })

  it('has deadlines that can be set', async () => {
    const thresholds = { lateUnmapWarning: '100000000', lateUnmapError: '800000000' }
    await lazy(500, { thresholds }).judge(finding('late-unmap', { severity: 'warning' }))
    await lazy(900, { thresholds }).judge(finding('late-unmap', { severity: 'error' }))
  })

  it('counts from the moment that the fences had drained', async () => {
    const slowFences = [invalidated(), later(2000), fencesAwaited(), later(500), by('kworker/1:2', 201, unmapped())]
    await given(exported(), attached(), mapped())
      .when(move(1, EXPORTER, 'ioctl', ...slowFences))
      .judge(nothing('late-unmap'))
  })

  it('counts an unmap by detach', async () => {
    await given(exported(), attached(), mapped({ sgt: 7 }), unmapped({ sgt: 7 }), mapped())
      .when(move(1, EXPORTER, 'ioctl', invalidated(), later(3000), by('tool', 201, detached())))
      .judge(finding('late-unmap', { severity: 'warning' }))
  })

  it('is undetermined by a detach where no unmap could have been recorded', async () => {
    await given(exported(), attached(), mapped())
      .when(move(1, EXPORTER, 'ioctl', invalidated(), later(3000), by('tool', 201, detached())))
      .judge(finding('late-unmap', { severity: 'warning', missing: /dma_buf_unmap_attachment/ }))
  })

  it('is an error where it never comes, though the trace goes on', async () => {
    const never = move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited(), later(2000))
    await given(exported(), attached(), mapped({ sgt: 7 }), unmapped({ sgt: 7 }), mapped())
      .when(never)
      .judge(finding('late-unmap', { severity: 'error', summary: /when the trace ends/ }))
  })

  it('is undetermined where the trace ends within the deadline', async () => {
    const soon = move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited(), later(20))
    await given(exported(), attached(), mapped())
      .when(soon)
      .judge(finding('late-unmap', { missing: /within its deadline/ }))
  })

  it('is undetermined where unmaps were not recorded', async () => {
    await lazy(3000)
      .without('dbuf_unmap', 'dbuf_unmap_ret')
      .judge(finding('late-unmap', { missing: /dma_buf_unmap_attachment.*was its probe set/, times: 2 }))
  })

  it('is undetermined where nobody knows whether the importer can be told', async () => {
    await lazy(3000)
      .without('dbuf_attached', 'dbuf_attach_ret')
      .judge(finding('late-unmap', { missing: /whether this importer can be told/ }))
  })

  it('is undetermined across a loss', async () => {
    await given(exported(), attached(), mapped())
      .when(move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited(), later(2000), lost(9), later(1000), unmapped()))
      .judge(finding('late-unmap', { missing: /9 events lost/ }))
  })

  it('knows no deadline for importers without the callback', async () => {
    await lazy(3000, {}, 'legacy').judge(nothing('late-unmap'), besides('invalidate-ignored', 'non-revocable-importer'))
  })
})

/** Unmaps are recorded, and one mapping is live. */
const ready = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
const told = (...then: Step[]) => move(1, EXPORTER, 'ioctl', invalidated(), ...then)

describe('the deadline', () => {
  // From the return of the wait to that of the unmap are two events of 50 µs.
  it.each([
    [999.9, 'warning'],
    [9999.85, 'warning'],
    [9999.9, 'error'],
  ] as const)('is over at the very moment: after %d ms, %s', async (ms, severity) => {
    await lazy(ms).judge(finding('late-unmap', { severity }))
  })

  it('is not over a moment before', async () => {
    await lazy(999.85).judge(nothing('late-unmap'))
  })

  it('is over at the very moment where the trace ends with it', async () => {
    const ends = (ms: number) => ready.when(told(fencesAwaited(), later(ms)))
    await ends(999.95).judge(finding('late-unmap', { summary: /1.000 s after/ }))
    await ends(999.9).judge(finding('late-unmap', { missing: /ends 999.950 ms after .* within its deadline/ }))
  })

  it('is said once of a mapping that outlives its buffer and is unmapped late', async () => {
    const others = besides('released-while-attached', 'leaked-mapping', 'leaked-attachment')
    await given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
      .when(move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited()), released(), later(3000), unmapped())
      .judge(finding('late-unmap', { summary: /still there when the buffer was released/ }), others)
  })

  it('does not go on for what is still mapped when the buffer is released', async () => {
    const others = besides('released-while-attached', 'leaked-mapping', 'leaked-attachment')
    await ready
      .when(told(fencesAwaited()), released(), later(5000), event('my_mark', ''))
      .judge(
        finding('late-unmap', { severity: 'error', summary: /still there when the buffer was released, 100 µs/ }),
        others,
      )
  })

  it.each(['legacy', 'pinned'] as const)('is none for a %s importer, however long the trace goes on', async (kind) => {
    await given(exported(), attached(kind), mapped())
      .when(told(fencesAwaited(), later(3000)))
      .judge(nothing('late-unmap'), besides('invalidate-ignored', 'non-revocable-importer'))
  })
})

describe('a fence that its exporter may be waiting for', () => {
  const entry = event('vfiodb_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) dev="${EXPORTER}" revoked=1`)
  const hangs = (...then: Step[]) => all(entry, invalidated(), ...then, later(3000), event('my_mark', ''))
  const unseen = { missing: /no dma_resv_wait_timeout/ }

  it('keeps the deadline open where no wait could have been recorded', async () => {
    await ready.when(fenceAdded(), hangs()).judge(finding('late-unmap', unseen))
  })

  it('is none that has signalled', async () => {
    await ready.when(fenceAdded(), fenceSignalled(), hangs()).judge(finding('late-unmap'))
  })

  it('does not keep it open once the wait has returned, or the whole move', async () => {
    await ready.when(fenceAdded(), hangs(fencesAwaited())).without('dbuf_resv_wait').judge(finding('late-unmap'))
    await ready
      .when(fenceAdded(), told(), later(3000), event('my_mark', ''))
      .judge(finding('late-unmap'), besides('fences-not-awaited'))
  })

  it('is nobody else’s business: other exporters do not wait', async () => {
    const drm = { exporter: 'drm' }
    await given(exported(drm), attached('dynamic', drm), mapped({ ...drm, sgt: 9 }), unmapped({ ...drm, sgt: 9 }))
      .when(mapped(drm), fenceAdded(drm), invalidated(drm), later(3000), event('my_mark', ''))
      .judge(finding('late-unmap'))
  })
})

describe('a mapping of which something was lost', () => {
  it('is not certain to be the one that was told, or that was unmapped', async () => {
    const missing = { missing: /2 events lost/ }
    await ready.when(lost(2), told(fencesAwaited(), later(3000))).judge(finding('late-unmap', missing))
    await ready
      .when(lost(2), told(fencesAwaited(), later(3000), by('kworker/1:2', 201, unmapped())))
      .judge(finding('late-unmap', missing))
  })

  it('is late though nothing shows when it began', async () => {
    const evidence = ['dbuf_unmap', 'dbuf_inval', 'dbuf_resv_wait_ret', 'dbuf_unmap_ret']
    await given(exported(), attached())
      .when(by('kworker/1:2', 201, unmapEntry), told(fencesAwaited(), later(3000)), by('kworker/1:2', 201, unmapReturn))
      .judge(finding('late-unmap', { evidence }))
  })
})

const unmapEntry = event(
  'dbuf_unmap',
  `(dma_buf_unmap_attachment+0x4/0x80) ino=1 attach=${attachOf({})} dev="${IMPORTER}" sgt=${sgtOf(1)}`,
)
const unmapReturn = event(
  'dbuf_unmap_ret',
  `(drop+0x26/0x50 [dbtest] <- dma_buf_unmap_attachment) ino=1 attach=${attachOf({})} sgt=${sgtOf(1)}`,
)

describe('an unmap that had begun before the importer was told, and of which no return shows', () => {
  it('is none that the revoke had to wait for', async () => {
    const { mappings, revocations } = await given(exported(), attached(), mapped())
      .when(by('kworker/1:2', 201, unmapEntry), told(fencesAwaited(), later(3000)), event('my_mark', ''))
      .judge(nothing('late-unmap'))
    expect(mappings).toMatchObject([{ endedBy: 'unmap', unmapLatencyNs: null }])
    expect(revocations).toMatchObject([{ slowestImporter: null, unmappedNs: null }])
  })
})
