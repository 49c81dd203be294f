import { describe, expect, it } from 'vitest'
import { by, later, lost } from '../support/printer.ts'
import { given } from '../support/story.ts'
import {
  attached,
  closed,
  EXPORTER,
  exported,
  fencesAwaited,
  invalidated,
  mapped,
  move,
  released,
  reset,
  restored,
  revoked,
  unmapped,
} from '../support/trace.ts'

const held = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
const fold = async (story: ReturnType<typeof given>) => (await story.fold()).folded

describe('a revocation', () => {
  it('is clean where everything went in time, and knows each step', async () => {
    const { revocations, buffers } = await fold(held.when(revoked({}, unmapped()), reset(), restored()))
    expect(revocations).toMatchObject([
      {
        ino: 1n,
        exporterDevice: EXPORTER,
        cause: 'flr',
        permanent: false,
        verdict: 'clean',
        slowestImporter: '0000:02:00.0',
      },
    ])
    const { requestedNs, notifiedNs, fencesNs, unmappedNs, completedNs, restoredNs } = revocations[0]!
    const steps = [requestedNs, unmappedNs!, notifiedNs!, fencesNs!, completedNs!, restoredNs!]
    expect(steps).toEqual(steps.toSorted((a, b) => (a < b ? -1 : 1)))
    expect(buffers).toMatchObject([{ state: 'live', revocations: 1 }])
  })

  it('counts no second invalidate with nothing mapped, and the un-revoke is none', async () => {
    const { revocations } = await fold(held.when(revoked({}, unmapped()), restored(), revoked(), restored()))
    expect(revocations).toHaveLength(2)
  })

  it('is violated by a finding of warning or above that names it', async () => {
    const late = [invalidated(), fencesAwaited(), later(3000), by('kworker/1:2', 201, unmapped())]
    const { revocations } = await fold(held.when(move(1, EXPORTER, 'ioctl', ...late)))
    expect(revocations).toMatchObject([{ verdict: 'violated' }])
  })

  it('is undetermined across a loss, and where the trace ends before its mappings do', async () => {
    const across = await fold(
      held.when(move(1, EXPORTER, 'ioctl', invalidated({}, unmapped()), lost(3), fencesAwaited())),
    )
    expect(across.revocations[0]?.verdict).toBe('undetermined')
    const cut = await fold(held.when(move(1, EXPORTER, 'ioctl', invalidated())))
    expect(cut.revocations[0]?.verdict).toBe('undetermined')
  })

  it('is for good at the close', async () => {
    const { revocations, buffers } = await fold(held.when(closed({}, unmapped())))
    expect(revocations).toMatchObject([{ cause: 'close', permanent: true }])
    expect(buffers).toMatchObject([{ state: 'dead' }])
  })

  it('is forgotten for the state of a released buffer', async () => {
    const { buffers } = await fold(held.when(closed({}, unmapped()), released()))
    expect(buffers).toMatchObject([{ state: 'released' }])
  })

  it('by an exporter that never resets is a move', async () => {
    const drm = { exporter: 'drm' }
    const { revocations } = await fold(
      given(exported(drm), attached('dynamic', drm), mapped(drm)).when(invalidated(drm, unmapped(drm))),
    )
    expect(revocations).toMatchObject([{ cause: 'move', permanent: false }])
  })
})

describe('a reset', () => {
  it('is clean after a whole revoke', async () => {
    const { resets } = await fold(held.when(revoked({}, unmapped()), reset()))
    expect(resets).toMatchObject([
      {
        device: EXPORTER,
        method: 'flr',
        trigger: 'ioctl',
        result: 'ok',
        buffers: 1,
        mappingsLive: 0,
        verdict: 'clean',
      },
    ])
  })

  it('is violated over a live mapping', async () => {
    const { resets } = await fold(held.when(reset('sysfs')))
    expect(resets).toMatchObject([{ trigger: 'sysfs', mappingsLive: 1, verdict: 'violated' }])
  })

  it('is undetermined across a loss', async () => {
    const { resets } = await fold(held.when(revoked({}, unmapped()), lost(2), reset()))
    expect(resets).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('is undetermined where maps were not recorded', async () => {
    const { resets } = await fold(
      held.when(revoked({}, unmapped()), reset()).without('dbuf_map', 'dbuf_unmap', 'dbuf_unmap_ret'),
    )
    expect(resets).toMatchObject([{ verdict: 'undetermined' }])
  })

  it('is clean at open, before which nothing could be mapped', async () => {
    const { resets } = await fold(given(reset('open'), exported()))
    expect(resets).toMatchObject([{ trigger: 'open', verdict: 'clean' }])
  })

  it.each([
    [-11, 'EAGAIN'],
    [-25, 'ENOTTY'],
  ])('that failed with %i says so', async (ret, result) => {
    const { resets } = await fold(held.when(reset('ioctl', { ret })))
    expect(resets).toMatchObject([{ result, mappingsLive: 0 }])
  })
})
