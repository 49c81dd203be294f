/** KERNEL.md §3.1–3.3, CONTRACT.md §5: what `vfio_pci_dma_buf_move()` and `vfio_pci_dma_buf_cleanup()` do to buffers and revocations. */
import { describe, expect, it } from 'vitest'
import { all, by, event, later, lost, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { timeOf } from '../../support/times.ts'
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
  reset,
  restored,
  revoked,
  unmapped,
} from '../../support/trace.ts'

const dev = `dev="${EXPORTER}"`
const movedBy = (caller: string, ...inside: Step[]) => all(moveEntry('1'), ...inside, moveReturn('1', caller))
const states = (folded: { buffers: { state: string }[] }) => folded.buffers.map((row) => row.state)

const shared = given(exported())
const held = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())

describe('the caller of the move', () => {
  it.each([
    ['vfio_pci_core_ioctl', 'reset'],
    ['vfio_pci_ioctl_reset', 'reset'],
    ['vfio_exp_config_write', 'reset'],
    ['vfio_af_config_write', 'reset'],
    ['vfio_pci_dev_set_hot_reset', 'hot-reset'],
    ['vfio_pci_ioctl_pci_hot_reset', 'hot-reset'],
    ['vfio_basic_config_write', 'memory-disable'],
    ['vfio_pm_config_write', 'power'],
    ['vfio_lock_and_set_power_state', 'power'],
    ['vfio_pci_runtime_pm_entry', 'power'],
    ['vfio_pci_core_runtime_suspend', 'power'],
    ['vfio_pci_core_pm_entry', 'power'],
    ['vfio_pci_dma_buf_cleanup', 'close'],
    ['vfio_pci_new_caller', 'unknown'],
  ])('%s tells what it was for: %s', async (caller, cause) => {
    const { revocations } = await shared.when(movedBy(caller, invalidated(), fencesAwaited())).judge()
    expect(revocations).toMatchObject([{ cause, permanent: cause === 'close' }])
  })

  it.each([
    ['vfio_basic_config_write', 'memory-disable'],
    ['vfio_pci_new_caller', 'unknown'],
  ])('%s tells it where the move was seen to return only: %s', async (caller, cause) => {
    const story = shared.when(movedBy(caller, invalidated(), fencesAwaited()))
    const { revocations, buffers } = await story.without('vfiodb_move').judge()
    expect(revocations).toMatchObject([{ cause, permanent: false }])
    expect(buffers).toMatchObject([{ state: 'revoked' }])
  })

  it('whose move was seen to return only ends all that the device has, if it is the close', async () => {
    const story = given(exported(), exported({ ino: 2 })).when(
      movedBy('vfio_pci_dma_buf_cleanup', invalidated(), fencesAwaited(), invalidated({ ino: 2 }), fencesAwaited()),
    )
    const folded = await story.without('vfiodb_move').judge()
    expect(states(folded)).toEqual(['dead', 'dead'])
    expect(folded.revocations).toMatchObject([{ permanent: true }, { permanent: true }])
  })
})

describe('a revoke', () => {
  it('begins with the move, and each of its steps has the time of the event that shows it', async () => {
    const { folded, printed } = await held.when(later(1), revoked({}, unmapped()), later(1), restored()).fold()
    expect(folded.revocations).toMatchObject([
      {
        requestedNs: timeOf(printed, 'vfiodb_move'),
        unmappedNs: timeOf(printed, 'dbuf_unmap_ret', 1),
        notifiedNs: timeOf(printed, 'dbuf_inval_ret'),
        fencesNs: timeOf(printed, 'dbuf_resv_wait_ret'),
        completedNs: timeOf(printed, 'vfiodb_move_ret'),
        restoredNs: timeOf(printed, 'vfiodb_move_ret', 1),
        permanent: false,
        verdict: 'clean',
      },
    ])
    expect(states(folded)).toEqual(['live'])
  })

  it('leaves the buffer revoked, and revoking while it lasts', async () => {
    expect(states(await held.when(revoked({}, unmapped())).judge())).toEqual(['revoked'])
    const begun = await held.when(moveEntry('1'), invalidated({}, unmapped())).judge()
    expect(states(begun)).toEqual(['revoking'])
    expect(begun.revocations).toMatchObject([{ completedNs: null, restoredNs: null }])
  })

  it.each(['1', '0x1', 'Y'])('is told by the flag %s', async (flag) => {
    const folded = await held.when(moveEntry(flag), invalidated({}, unmapped()), fencesAwaited()).judge()
    expect(folded.revocations).toHaveLength(1)
    expect(states(folded)).toEqual(['revoking'])
  })

  it.each(['0', '0x0', 'N'])('is undone where the flag is %s: the buffer is live again', async (flag) => {
    const back = all(moveEntry(flag), invalidated(), fencesAwaited(), moveReturn(flag))
    const { folded, printed } = await held.when(revoked({}, unmapped()), back).fold()
    expect(folded.revocations).toMatchObject([{ restoredNs: timeOf(printed, 'vfiodb_move_ret', 1) }])
    expect(states(folded)).toEqual(['live'])
  })

  it('is undone from the return of the own invalidate on, before the move has returned', async () => {
    const { folded, printed } = await held.when(revoked({}, unmapped()), moveEntry('0'), invalidated()).fold()
    expect(states(folded)).toEqual(['live'])
    expect(folded.revocations).toMatchObject([{ restoredNs: timeOf(printed, 'dbuf_inval_ret', 1) }])
  })

  it('is of every buffer of the device', async () => {
    const both = given(exported(), exported({ ino: 2 }), exported({ ino: 3, device: '0000:05:00.0' })).when(
      move(1, EXPORTER, 'ioctl', invalidated(), fencesAwaited(), invalidated({ ino: 2 }), fencesAwaited()),
    )
    const folded = await both.judge()
    expect(states(folded)).toEqual(['revoked', 'revoked', 'live'])
    expect(folded.revocations.map((row) => [row.ino, row.requestedNs === folded.revocations[0]!.requestedNs])).toEqual([
      [1n, true],
      [2n, true],
    ])
  })
})

describe('a move whose invalidates were not recorded', () => {
  const untold = (...steps: Step[]) =>
    given(exported(), exported({ ino: 2 }))
      .when(...steps)
      .without('dbuf_inval', 'dbuf_inval_ret')

  it('takes all buffers of its device with it, and gives them back', async () => {
    expect(states(await untold(revoked()).judge())).toEqual(['revoked', 'revoked'])
    expect(states(await untold(revoked(), restored()).judge())).toEqual(['live', 'live'])
  })

  it('takes them by its return alone', async () => {
    expect(states(await untold(revoked()).without('vfiodb_move').judge())).toEqual(['revoked', 'revoked'])
    expect(states(await untold(revoked(), restored()).without('vfiodb_move').judge())).toEqual(['live', 'live'])
  })

  it('says nothing by a return that does not say which way it went', async () => {
    const mute = event(
      'vfiodb_move_ret',
      `(vfio_pci_core_ioctl+0x1/0x2 [vfio_pci_core] <- vfio_pci_dma_buf_move) ${dev}`,
    )
    expect(states(await untold(mute).judge())).toEqual(['live', 'live'])
  })

  it('leaves what was released and what is dead as it was', async () => {
    expect(states(await untold(released(), revoked()).judge())).toEqual(['released', 'revoked'])
    expect(states(await untold(closed(), restored()).judge())).toEqual(['dead', 'dead'])
  })
})

describe('an un-revoke', () => {
  it('that tells nobody restores nothing, where invalidates are probed: it is that of a close', async () => {
    const folded = await held.when(revoked({}, unmapped()), move(0)).judge()
    expect(states(folded)).toEqual(['revoked'])
    expect(folded.revocations).toMatchObject([{ restoredNs: null }])
  })

  it('that tells nobody restores all the same where a loss may hide that it did', async () => {
    const folded = await held.when(revoked({}, unmapped()), lost(1), move(0)).judge()
    expect(states(folded)).toEqual(['live'])
    expect(folded.revocations[0]!.restoredNs).not.toBeNull()
  })

  it('makes maps legal again', async () => {
    const folded = await held
      .when(revoked({}, unmapped()), restored(), mapped({ sgt: 2 }), unmapped({ sgt: 2 }))
      .judge(nothing('map-while-revoked'))
    expect(states(folded)).toEqual(['live'])
  })

  it('of another thread inside the reset is too early, for the buffers it restored', async () => {
    const story = held.when(revoked({}, unmapped()), reset('ioctl', {}, by('vmm', 301, restored())))
    await story.judge(finding('early-restore', { ino: 1, severity: 'error' }), besides('reset-without-revoke'))
    await story
      .without('dbuf_inval', 'dbuf_inval_ret')
      .judge(finding('early-restore', { ino: 1 }), besides('reset-without-revoke'))
  })

  it('of the thread that resets, after the reset, is not', async () => {
    await held.when(revoked({}, unmapped()), reset(), restored()).judge(nothing('early-restore'))
  })
})

describe('a move of which not all was recorded', () => {
  const mute = (point: string) => event(point, '(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core])')
  const silent = (caller = 'vfio_pci_core_ioctl') =>
    event('vfiodb_move_ret', `(${caller}+0x1/0x2 [vfio_pci_core] <- vfio_pci_dma_buf_move) ${dev}`)
  const untold = (...steps: Step[]) => held.when(unmapped(), ...steps).without('dbuf_inval', 'dbuf_inval_ret')

  it('goes neither way where its device or its direction does not show', async () => {
    expect(states(await untold(mute('vfiodb_move')).judge())).toEqual(['live'])
    expect(states(await untold(revoked(), mute('vfiodb_move'), moveReturn('0')).judge())).toEqual(['live'])
    expect(states(await untold(revoked(), silent()).judge())).toEqual(['revoked'])
    const unsaid = event('vfiodb_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) ${dev}`)
    expect(states(await untold(revoked(), unsaid, silent()).judge())).toEqual(['revoked'])
    expect(
      states(await untold(event('vfiodb_move_ret', `(x+0x1/0x2 <- vfio_pci_dma_buf_move) revoked=1`)).judge()),
    ).toEqual(['live'])
  })

  it('is over with its return, whose direction the entry told', async () => {
    expect(states(await untold(moveEntry('1'), silent()).judge())).toEqual(['revoked'])
  })

  it('is another one than the last, where only its return was seen', async () => {
    expect(states(await untold(revoked(), moveReturn('0')).judge())).toEqual(['live'])
    expect(states(await untold(revoked(), restored(), moveReturn('1')).judge())).toEqual(['revoked'])
  })

  it('that its thread has left is over once, and changes nothing when the thread speaks again', async () => {
    const folded = await untold(
      revoked(),
      exported({ ino: 2, device: '0000:05:00.0' }),
      by('vmm', 301, restored(), exported({ ino: 3, device: '0000:05:00.0' })),
      exported({ ino: 4, device: '0000:05:00.0' }),
    )
      .without('vfiodb_move_ret')
      .judge()
    expect(states(folded)).toEqual(['live', 'live', 'live', 'live'])
  })

  it('gives back what was born revoked, where its entry is lost', async () => {
    const second = { ino: 2, attach: 2 }
    const folded = await held
      .when(revoked({}, unmapped()), exported(second), later(1), lost(1), later(1))
      .when(invalidated(), invalidated(second), fencesAwaited(second), moveReturn('0'), attached('dynamic', second))
      .judge(nothing('attach-while-revoked'))
    expect(folded.buffers.map(({ state }) => state)).toEqual(['live', 'live'])
  })

  it('gives nothing back that was told nothing, though events before its revoke were lost', async () => {
    const folded = await held.when(unmapped(), lost(1), later(1), revoked(), move(0)).judge()
    expect(states(folded)).toEqual(['revoked'])
  })

  it('ends what the device has for good inside the close, whoever the return says called it', async () => {
    const cleanup = event('vfiodb_cleanup', `(vfio_pci_dma_buf_cleanup+0x4/0xf0 [vfio_pci_core]) ${dev}`)
    expect(states(await untold(cleanup, moveReturn('1', 'vfio_pci_new_caller')).judge())).toEqual(['dead'])
  })
})

describe('a close', () => {
  it('of a device that nothing names ends nothing', async () => {
    const nameless = [
      event('vfiodb_cleanup', '(vfio_pci_dma_buf_cleanup+0x4/0xf0 [vfio_pci_core])'),
      event('vfiodb_cleanup_ret', '(vfio_pci_core_close_device+0x1/0x2 <- vfio_pci_dma_buf_cleanup)'),
    ]
    expect(states(await shared.when(...nameless).judge())).toEqual(['live'])
  })

  it('is over: what the same thread shares after it opened the device again lives, and is revoked for a while', async () => {
    const again = shared.when(closed(), released(), exported({ ino: 2 }))
    expect(states(await again.judge())).toEqual(['released', 'live'])
    const folded = await again.when(revoked({ ino: 2 })).judge()
    expect(states(folded)).toEqual(['released', 'revoked'])
    expect(folded.revocations.map((row) => [row.cause, row.permanent])).toEqual([
      ['close', true],
      ['reset', false],
    ])
    expect(states(await again.when(revoked({ ino: 2 }), restored({ ino: 2 })).judge())).toEqual(['released', 'live'])
  })
})

describe('an un-revoke while a reset is known to run', () => {
  const gone = held.when(revoked({}, unmapped()))
  const alone = besides('reset-without-revoke')

  it('is not too early where the reset shows by its method alone, and that has returned', async () => {
    await gone
      .when(reset(), by('vmm', 301, later(1), restored()))
      .without('pcirst_try', 'pcirst_try_ret', 'pcirst_disable', 'pcirst_restore', 'console')
      .judge(nothing('early-restore'), alone)
  })

  it('is not too early in the thread of a reset whose returns do not show', async () => {
    await gone
      .when(reset(), later(1), restored())
      .without('pcirst_try_ret', 'pcirst_flr_ret', 'pcirst_restore', 'console')
      .judge(nothing('early-restore'), alone)
  })

  it('is not too early for what was not revoked', async () => {
    await shared
      .when(reset('ioctl', {}, by('vmm', 301, restored())))
      .without('dbuf_inval', 'dbuf_inval_ret')
      .judge(nothing('early-restore'), alone)
  })
})

describe('fences', () => {
  it('that somebody had waited for before the revoke are none that it leaves behind', async () => {
    const folded = await given(exported(), attached(), mapped(), fenceAdded(), fencesAwaited())
      .when(move(1, EXPORTER, 'ioctl', invalidated({}, unmapped())), fenceSignalled(), restored())
      .judge(nothing('late-fence'))
    expect(folded.revocations).toHaveLength(1)
  })
})
