/** KERNEL.md §4.1, §6, R4: which fences guard a buffer, and which waits are over all of them. */
import { describe, expect, it } from 'vitest'
import { all, by, event, later, type Step } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { timeOf } from '../../support/times.ts'
import {
  attached,
  EXPORTER,
  exported,
  fenceAdded,
  fenceSignalled,
  fencesAwaited,
  invalidated,
  mapped,
  move,
  released,
  reset,
  restored,
  resvOf,
  revoked,
  unmapped,
} from '../../support/trace.ts'

const mine = `resv=${resvOf({})}`
const waitEntry = (fields: string) => event('dbuf_resv_wait', `(dma_resv_wait_timeout+0x4/0xa0) ${fields}`)
const waitReturn = (fields: string) =>
  event('dbuf_resv_wait_ret', `(wait+0x1/0x2 [vfio_pci_core] <- dma_resv_wait_timeout) ${fields}`)
const fence = (what: string) => event(`dma_fence_${what}`, 'driver=virtio_gpu timeline=controlq context=7 seqno=9')
/** The importer waits for the map's own fences: that names the reservation object. */
const held = given(exported(), attached(), mapped(), fencesAwaited({}, 0))
const revokeWith = (...wait: Step[]) => move(1, EXPORTER, 'ioctl', invalidated({}, unmapped()), ...wait)
const late = finding('late-fence', { ino: 1 })
const unawaited = finding('fences-not-awaited', { ino: 1 })
const doubtful = finding('fences-not-awaited', { missing: /no fence of this buffer was seen to be pending/ })

describe('a fence', () => {
  it('that has signalled before it is added is not pending', async () => {
    await held
      .when(fenceSignalled(), fenceAdded(), revokeWith(), reset(), fenceSignalled())
      .judge(nothing('late-fence'), doubtful)
  })

  it.each(['init', 'emit'])('with the numbers of one that has signalled is another one after its %s', async (what) => {
    const again = all(fence(what), fenceAdded())
    await held.when(fenceSignalled(), again, revokeWith(), reset(), fenceSignalled()).judge(late, unawaited)
    await held
      .when(fenceAdded(), fenceSignalled(), again, revokeWith(), reset(), fenceSignalled())
      .judge(late, unawaited)
  })

  it.each(['enable_signal', 'wait_start', 'destroy'])('is the same one after its %s', async (what) => {
    await held
      .when(fenceSignalled(), fence(what), fenceAdded(), revokeWith(), reset(), fenceSignalled())
      .judge(nothing('late-fence'), doubtful)
  })

  it('that is added twice is one', async () => {
    await held.when(fenceAdded(), fenceAdded(), revokeWith(), reset(), fenceSignalled()).judge(
      finding('fences-not-awaited', {
        summary: /came while fence 7:9 of/,
        evidence: ['dbuf_resv_add', 'vfiodb_move', 'dbuf_inval_ret', 'pcirst_disable'],
      }),
      late,
    )
  })

  it('that does not show which one it is guards nothing', async () => {
    const add = (fields: string) => event('dbuf_resv_add', `(dma_resv_add_fence+0x4/0x1c0) usage=3 ${fields}`)
    const nameless = [add(`${mine} ctx=7`), add(`${mine} seqno=9`), add('ctx=7 seqno=9')]
    const signals = ['context=7', 'seqno=9'].map((fields) =>
      event('dma_fence_signaled', `driver=a timeline=b ${fields}`),
    )
    await held
      .when(...nameless, revokeWith(), reset(), ...signals, fenceSignalled())
      .judge(nothing('late-fence'), doubtful)
  })

  it('of a buffer that is released concerns nobody', async () => {
    await held
      .when(fenceAdded(), revokeWith(), released(), fenceSignalled())
      .judge(nothing('late-fence'), besides('fences-not-awaited', 'released-while-attached'))
  })
})

describe('a wait', () => {
  const busy = held.when(fenceAdded())
  const awaited = [nothing('fences-not-awaited'), nothing('late-fence')] as const

  it('of which the entry alone shows over what, and the return that it is over', async () => {
    const wait = all(waitEntry(`${mine} usage=3`), waitReturn('ret=1'))
    await busy.when(revokeWith(wait), reset(), fenceSignalled()).judge(...awaited)
    const some = all(waitEntry(`${mine} usage=1`), waitReturn('ret=1'))
    await busy.when(revokeWith(some), reset(), fenceSignalled()).judge(late, unawaited)
  })

  it('of which the return alone was seen', async () => {
    const wait = (fields: string) => busy.when(revokeWith(waitReturn(fields)), reset(), fenceSignalled())
    await wait(`${mine} usage=3 ret=1`).judge(...awaited)
    await wait(`${mine} usage=3`).judge(...awaited)
    await wait(`${mine} ret=1`).judge(late, unawaited)
    await wait('usage=3 ret=1').judge(late, unawaited)
    await wait('ret=1').judge(late, unawaited)
  })

  it.each(['0', '-512', '-4'])('that was given up with %s leaves the fences pending', async (ret) => {
    await busy.when(revokeWith(fencesAwaited({}, 3, ret)), reset(), fenceSignalled()).judge(late, unawaited)
  })

  it('over another reservation object is none for this buffer', async () => {
    await busy.when(revokeWith(fencesAwaited({ ino: 5 })), reset(), fenceSignalled()).judge(late, unawaited)
  })

  it('of the thread that has just invalidated a buffer names its reservation object', async () => {
    await given(exported(), attached(), mapped(), revoked({}, unmapped()), restored(), mapped(), fenceAdded())
      .when(revokeWith(), reset(), fenceSignalled())
      .judge(late, unawaited)
  })

  it('inside the invalidate is an importer’s: the exporter’s comes after it', async () => {
    const own = all(waitEntry(`${mine} usage=3`), waitReturn(`${mine} usage=3 ret=1`))
    const { folded, printed } = await held
      .when(revoked({}, unmapped()), restored(), mapped())
      .when(move(1, EXPORTER, 'ioctl', invalidated({}, own, unmapped()), fencesAwaited()))
      .fold()
    expect(folded.revocations.map((row) => row.fencesNs)).toEqual([
      timeOf(printed, 'dbuf_resv_wait_ret', 1),
      timeOf(printed, 'dbuf_resv_wait_ret', 4),
    ])
  })

  it('over some fences alone gives an importer no more time', async () => {
    const slow = (usage: number) =>
      held.when(
        event('vfiodb_move', `(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) dev="${EXPORTER}" revoked=1`),
        invalidated(),
        waitEntry(`${mine} usage=${usage}`),
        later(5000),
        by('gpu', 201, unmapped()),
      )
    await slow(3).judge(nothing('late-unmap'))
    await slow(1).judge(finding('late-unmap'))
  })
})
