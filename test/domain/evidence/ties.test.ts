/**
 * KERNEL.md §5.1, §6: text prints microseconds, and lines of two CPUs with the same one have no order. In both orders of
 * the lines neither a finding nor an all-clear may rest on it; lines of one CPU or one thread are in order.
 */
import { describe, expect, it } from 'vitest'
import { isTie, tied } from '../../../src/domain/world/order.ts'
import { all, by, event, later, type Step } from '../../support/printer.ts'
import { besides, finding, given, givenOptions, nothing } from '../../support/story.ts'
import {
  attached,
  attachOf,
  closed,
  detached,
  EXPORTER,
  exported,
  fenceAdded,
  fenceSignalled,
  fencesAwaited,
  IMPORTER,
  invalidated,
  mapped,
  move,
  released,
  revoked,
  sgtOf,
  unmapped,
} from '../../support/trace.ts'

/** The next event bears the time stamp of the one before it. */
const sameTime: Step = (print) => {
  print.now -= 50
}
const together = (first: Step, second: Step): Step => all(first, sameTime, second)
const elsewhere = (...steps: Step[]): Step => by('kworker/1:1', 201, ...steps)
/** Another thread of the CPU that the story's own is on. */
const beside = (...steps: Step[]): Step => by('kworker/0:1', 200, ...steps)
const SAME = /bear the same time stamp: which came first is not certain/

const ready = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }))
const held = ready.when(mapped())
const fields = `ino=1 attach=${attachOf({})}`
const unmapEntry = event(
  'dbuf_unmap',
  `(dma_buf_unmap_attachment+0x4/0x80) ${fields} dev="${IMPORTER}" sgt=${sgtOf(1)}`,
)
const unmapReturn = event(
  'dbuf_unmap_ret',
  `(drop+0x26/0x50 [dbtest] <- dma_buf_unmap_attachment) ${fields} sgt=${sgtOf(1)}`,
)
const dev = `dev="${EXPORTER}"`
const resetEntry = event('pcirst_fn', `(pci_reset_function+0x4/0x90) ${dev}`)
const disable = event('pcirst_disable', `(pci_dev_save_and_disable+0x4/0x60) ${dev}`)
const resetReturn = event('pcirst_fn_ret', `(reset_store+0x5a/0xa0 <- pci_reset_function) ${dev} ret=0`)
const inval = event(
  'dbuf_inval',
  '(dma_buf_invalidate_mappings+0x4/0x50) ino=1 exp="vfio_pci_core" dmabuf=0xffff888110000010',
)
const invalReturn = event(
  'dbuf_inval_ret',
  '(vfio_pci_dma_buf_move+0x50/0x190 [vfio_pci_core] <- dma_buf_invalidate_mappings) ino=1 dmabuf=0xffff888110000010',
)
const moveEntry = (revoked: 0 | 1) =>
  event('vfiodb_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) ${dev} revoked=${revoked}`)
const moveReturn = (revoked: 0 | 1) =>
  event(
    'vfiodb_move_ret',
    `(vfio_pci_core_ioctl+0x60c/0xb80 [vfio_pci_core] <- vfio_pci_dma_buf_move) ${dev} revoked=${revoked}`,
  )
const alone = besides('reset-without-revoke')

describe('two sightings', () => {
  const at = (cpu: number, pid: number, ns = 1000n, seq = cpu + 10 * pid) => ({ ns, seq, cpu, pid })

  it('are a tie where neither CPU nor thread orders what has one time stamp', () => {
    expect(isTie(at(0, 1), at(1, 2))).toBe(true)
    expect(isTie(at(0, 0), at(1, 0))).toBe(true)
    expect(isTie(at(-1, -1), at(-1, -1, 1000n, 5))).toBe(true)
    expect(tied('a and b', at(0, 1), at(1, 2))).toBe(
      'a and b bear the same time stamp: which came first is not certain',
    )
  })

  it('are in order on one CPU, in one thread, and 1 ns apart', () => {
    expect(isTie(at(1, 1), at(1, 2))).toBe(false)
    expect(isTie(at(0, 7), at(1, 7))).toBe(false)
    expect(isTie(at(0, 1), at(1, 2, 1001n))).toBe(false)
    expect(tied('a and b', at(0, 1), null)).toBeNull()
  })
})

describe('an unmap and the reset', () => {
  const begun = held.when(later(1), resetEntry, elsewhere(unmapEntry))
  const end = all(resetReturn, later(1), detached())

  it.each([
    ['unmap first', together(elsewhere(unmapReturn), disable)],
    ['reset first', together(disable, elsewhere(unmapReturn))],
  ])('of two CPUs, %s: not known', async (_, tie) => {
    const { resets } = await begun.when(tie, end).judge(finding('reset-while-mapped', { missing: SAME }), alone)
    expect(resets).toMatchObject([{ mappingsLive: 1 }])
  })

  it('of one CPU: in the order of their lines', async () => {
    const own = held.when(later(1), resetEntry, beside(unmapEntry))
    await own.when(together(beside(unmapReturn), disable), end).judge(nothing('reset-while-mapped'), alone)
    await own.when(together(disable, beside(unmapReturn)), end).judge(finding('reset-while-mapped'), alone)
  })
})

describe('a map and the end of the reset', () => {
  const begun = ready.when(resetEntry, disable)
  it('of two CPUs: not known', async () => {
    const first = await begun
      .when(together(elsewhere(mapped()), resetReturn))
      .judge(finding('reset-while-mapped', { missing: SAME }), alone)
    expect(first.resets[0]?.mappingsLive).toBe(1)
    await begun.when(together(resetReturn, elsewhere(mapped()))).judge(nothing('reset-while-mapped'), alone)
  })
})

describe('a revoke and the reset', () => {
  const revoke = all(moveEntry(1), inval, invalReturn, fencesAwaited(), moveReturn(1))
  const inOtherThread = elsewhere(revoke)

  it('of two CPUs, reset first: whether it came without one is not known', async () => {
    await ready
      .when(resetEntry, together(disable, inOtherThread), resetReturn)
      .judge(finding('reset-without-revoke', { missing: SAME }), besides('fences-not-awaited'))
  })

  it('of two CPUs, revoke first: the reset is not clean', async () => {
    const tie = all(elsewhere(moveEntry(1)), together(elsewhere(inval), disable))
    const { resets } = await ready
      .when(resetEntry, tie, elsewhere(invalReturn, moveReturn(1)), resetReturn)
      .judge(nothing('reset-without-revoke'), besides('fences-not-awaited'))
    expect(resets).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('of one CPU, revoke first: clean', async () => {
    const { resets } = await ready
      .when(moveEntry(1), inval, invalReturn, fencesAwaited(), moveReturn(1), sameTime, resetEntry, sameTime, disable)
      .when(resetReturn)
      .judge()
    expect(resets).toMatchObject([{ verdict: 'clean' }])
  })
})

describe('a map and the revoke', () => {
  const rest = all(fencesAwaited(), moveReturn(1), later(1))

  it('of two CPUs, map last: not known', async () => {
    await ready
      .when(moveEntry(1), together(inval, elsewhere(mapped())), invalReturn, rest)
      .judge(finding('map-while-revoked', { missing: SAME }), besides('late-unmap'))
  })

  it('of two CPUs, map first: the revocation is not clean', async () => {
    const { revocations } = await ready
      .when(moveEntry(1), together(elsewhere(mapped()), inval), unmapped(), invalReturn, rest)
      .judge(nothing('map-while-revoked'))
    expect(revocations).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('of two CPUs, map first and never unmapped: whether it was told to go is not known', async () => {
    await ready
      .when(
        moveEntry(1),
        together(elsewhere(mapped()), inval),
        invalReturn,
        fencesAwaited(),
        later(3000),
        moveReturn(1),
      )
      .judge(finding('late-unmap', { missing: SAME }))
  })

  it('of one CPU: in the order of their lines', async () => {
    await ready
      .when(moveEntry(1), together(inval, beside(mapped())), invalReturn, rest)
      .judge(finding('map-while-revoked'), besides('late-unmap'))
    const { revocations } = await ready
      .when(moveEntry(1), together(beside(mapped()), inval), unmapped(), invalReturn, rest)
      .judge()
    expect(revocations).toMatchObject([{ verdict: 'clean' }])
  })
})

describe('a map and the restore', () => {
  const gone = ready.when(revoked())
  const restore = (tie: Step) => all(moveEntry(0), inval, tie, fencesAwaited(), moveReturn(0), unmapped())

  it('of two CPUs: no finding is certain, and the revocation is not clean', async () => {
    const before = await gone
      .when(restore(together(elsewhere(mapped()), invalReturn)))
      .judge(finding('map-while-revoked', { missing: SAME }))
    expect(before.revocations).toMatchObject([{ verdict: 'undetermined' }])
    const after = await gone
      .when(restore(together(invalReturn, elsewhere(mapped()))))
      .judge(nothing('map-while-revoked'))
    expect(after.revocations).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('of one CPU: in the order of their lines', async () => {
    await gone.when(restore(together(beside(mapped()), invalReturn))).judge(finding('map-while-revoked'))
    const { revocations } = await gone.when(restore(together(invalReturn, beside(mapped())))).judge()
    expect(revocations).toMatchObject([{ verdict: 'clean' }])
  })
})

describe('an attach and the revoke', () => {
  const other = { attach: 2 }
  const entry = event(
    'dbuf_attach',
    `(dma_buf_dynamic_attach+0x4/0x200) ino=1 dev="${IMPORTER}" ops=0xffffffffc0200000`,
  )
  const rest = all(fencesAwaited(), moveReturn(1), later(1))
  const attach = all(entry, attached('dynamic', other))

  it('of two CPUs: no finding is certain, and the revocation is not clean', async () => {
    const after = await ready
      .when(moveEntry(1), inval, together(invalReturn, elsewhere(attach)), rest, detached(other))
      .judge(finding('attach-while-revoked', { missing: SAME }))
    expect(after.revocations).toMatchObject([{ verdict: 'undetermined' }])
    const before = await ready
      .when(moveEntry(1), inval, together(elsewhere(entry), invalReturn), elsewhere(attached('dynamic', other)), rest)
      .judge(nothing('attach-while-revoked'))
    expect(before.revocations).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('of one CPU: in the order of their lines', async () => {
    await ready
      .when(moveEntry(1), inval, together(invalReturn, beside(attach)), rest, detached(other))
      .judge(finding('attach-while-revoked'))
  })
})

describe('a restore and the reset', () => {
  const gone = ready.when(revoked(), resetEntry, disable)
  const restoreInside = all(inval, invalReturn, fencesAwaited(), moveReturn(0))

  it('of two CPUs, at its end: no finding is certain, and the reset is not clean', async () => {
    const early = await gone
      .when(together(elsewhere(moveEntry(0)), resetReturn), elsewhere(restoreInside))
      .judge(finding('early-restore', { missing: SAME }))
    expect(early.resets).toMatchObject([{ verdict: 'undetermined' }])
    const late = await gone
      .when(together(resetReturn, elsewhere(moveEntry(0))), elsewhere(restoreInside))
      .judge(nothing('early-restore'))
    expect(late.resets).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('of one CPU: in the order of their lines, though the restore ends after the reset', async () => {
    await gone.when(together(beside(moveEntry(0)), resetReturn), beside(restoreInside)).judge(finding('early-restore'))
    const { resets } = await gone.when(together(resetReturn, beside(moveEntry(0))), beside(restoreInside)).judge()
    expect(resets).toMatchObject([{ verdict: 'clean' }])
  })

  it('of two CPUs, at its beginning: not known', async () => {
    await ready
      .when(revoked(), resetEntry, together(disable, elsewhere(moveEntry(0), restoreInside)), resetReturn)
      .judge(finding('early-restore', { missing: SAME }))
  })
})

describe('a fence and the reset', () => {
  const busy = given(exported(), attached(), mapped(), fencesAwaited({}, 0), fenceAdded())
  const told = busy.when(move(1, EXPORTER, 'ioctl', invalidated({}, unmapped())), later(1), resetEntry)

  it('of two CPUs: no finding is certain, and the reset is not clean', async () => {
    const after = await told
      .when(together(disable, elsewhere(fenceSignalled())), resetReturn)
      .judge(finding('fences-not-awaited', { missing: /which came first is not certain/ }), nothing('late-fence'))
    expect(after.resets).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('of two CPUs, signal first and the revoke over only after it: the reset is not clean', async () => {
    const slow = busy.when(moveEntry(1), inval, unmapped(), invalReturn, elsewhere(resetEntry))
    const { resets } = await slow
      .when(together(fenceSignalled(), elsewhere(disable)), elsewhere(resetReturn), moveReturn(1))
      .judge(nothing('late-fence'), besides('fences-not-awaited'))
    expect(resets).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('of one CPU: in the order of their lines', async () => {
    await told
      .when(together(disable, beside(fenceSignalled())), resetReturn)
      .judge(finding('fences-not-awaited'), finding('late-fence'))
  })
})

describe('the end of a wait for fences and the reset', () => {
  const busy = given(exported(), attached(), mapped(), fencesAwaited({}, 0), fenceAdded())
  const waitEntry = event(
    'dbuf_resv_wait',
    '(dma_resv_wait_timeout+0x4/0xa0) resv=0xffff888130000010 usage=3 intr=0 timeout=1',
  )
  const waitReturn = event(
    'dbuf_resv_wait_ret',
    '(wait+0x1/0x2 [dbtest] <- dma_resv_wait_timeout) resv=0xffff888130000010 usage=3 ret=1',
  )
  const told = busy.when(moveEntry(1), inval, unmapped(), invalReturn, waitEntry, elsewhere(resetEntry))

  it('of two CPUs, reset first: not known whether nobody waited', async () => {
    await told
      .when(together(elsewhere(disable), waitReturn), moveReturn(1), elsewhere(resetReturn))
      .judge(finding('fences-not-awaited', { missing: SAME }))
  })

  it('of two CPUs, wait first: the reset is not clean', async () => {
    const { resets } = await told
      .when(together(waitReturn, elsewhere(disable)), moveReturn(1), elsewhere(resetReturn))
      .judge(nothing('fences-not-awaited'))
    expect(resets).toMatchObject([{ verdict: 'undetermined' }])
  })
})

describe('a release and the unmap', () => {
  const two = held.when(mapped({ sgt: 2, iova: '0xfffe0000' }), moveEntry(1), inval, invalReturn, fencesAwaited())
  const others = besides('released-while-attached', 'leaked-mapping', 'leaked-attachment')

  it('of two CPUs: not known whether it was late', async () => {
    const { findings } = await two
      .when(later(20), unmapEntry, together(elsewhere(released()), unmapReturn))
      .judge(finding('late-unmap', { missing: SAME }), finding('late-unmap'), others)
    const late = findings.filter(({ rule }) => rule === 'late-unmap')
    expect(late.map(({ iova, verdict }) => [iova, verdict])).toEqual([
      [0xffff0000n, 'undetermined'],
      [0xfffe0000n, 'violated'],
    ])
  })

  it('of one CPU: in the order of their lines', async () => {
    await two
      .when(later(20), unmapEntry, together(beside(released()), unmapReturn))
      .judge(finding('late-unmap', { times: 2 }), others)
  })
})

describe('a release and the detach', () => {
  it('of two CPUs: not known', async () => {
    await ready
      .when(together(released(), elsewhere(detached())))
      .judge(finding('released-while-attached', { missing: SAME }))
    await ready.when(together(detached(), elsewhere(released()))).judge(nothing('released-while-attached'))
  })

  it('of one CPU: in the order of their lines', async () => {
    await ready.when(together(released(), beside(detached()))).judge(finding('released-while-attached'))
  })
})

describe('what is used, and its end', () => {
  it('a map and the detach of two CPUs', async () => {
    await ready
      .when(together(detached(), elsewhere(mapped())))
      .judge(finding('use-after-detach', { missing: SAME }), besides('leaked-mapping'))
    await ready
      .when(together(detached(), beside(mapped())))
      .judge(finding('use-after-detach'), besides('leaked-mapping'))
  })

  it('two unmaps of two CPUs', async () => {
    const twice = (who: typeof beside) => held.when(unmapEntry, together(unmapReturn, who(unmapEntry, unmapReturn)))
    await twice(elsewhere).judge(finding('double-unmap', { missing: SAME }))
    await twice(beside).judge(finding('double-unmap'))
  })

  it('an invalidate and the unmap of an importer that cannot hear it', async () => {
    const deaf = given(exported(), attached('pinned'), mapped(), elsewhere(unmapEntry), moveEntry(1))
    const others = besides('non-revocable-importer')
    const rest = all(invalReturn, fencesAwaited(), moveReturn(1))
    await deaf
      .when(together(inval, elsewhere(unmapReturn)), rest)
      .judge(finding('invalidate-ignored', { missing: SAME }), others)
    const { revocations } = await deaf
      .when(together(elsewhere(unmapReturn), inval), rest)
      .judge(nothing('invalidate-ignored'), others)
    expect(revocations).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('an invalidate and the unmap of an importer without a callback, of one that has one it does not matter', async () => {
    for (const [kind, verdict] of [
      ['legacy', 'undetermined'],
      ['dynamic', 'clean'],
    ] as const) {
      const own = { exporter: 'drm' }
      const gone = given(exported(own), attached(kind, own), mapped({ ...own, sgt: 9 }), unmapped({ ...own, sgt: 9 }))
      const tie = all(mapped(own), elsewhere(unmapEntry), together(elsewhere(unmapReturn), invalidated(own)))
      const { revocations } = await gone.when(tie, fencesAwaited()).judge()
      expect(revocations).toMatchObject([{ verdict }])
    }
  })

  it('an access and the end of the mapping, where the access itself is an event', async () => {
    const options = { recognisers: [{ event: 'my_dma', as: 'access', fields: { device: 'dev', iova: 'addr' } }] }
    const access = event('my_dma', `dev=${IMPORTER} addr=0xffff0000`)
    const going = givenOptions(options, exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
    await going
      .when(unmapEntry, together(unmapReturn, elsewhere(access)))
      .judge(finding('use-after-revoke', { missing: SAME }))
    await going.when(unmapEntry, together(unmapReturn, beside(access))).judge(finding('use-after-revoke'))
  })

  it('a map and the close', async () => {
    await ready
      .when(closed(), sameTime, sameTime, elsewhere(mapped()))
      .without('vfiodb_cleanup_ret')
      .judge(finding('use-after-permanent-revoke', { missing: SAME }), besides('leaked-mapping'))
  })
})
