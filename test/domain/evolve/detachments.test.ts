/** KERNEL.md §4.1: the native detach prints a hashed pointer, the probe a raw one; either may be all there is. */
import { expect, it } from 'vitest'
import type { Folded } from '../../support/fold-file.ts'
import { event, type Step } from '../../support/printer.ts'
import { given } from '../../support/story.ts'
import { attached, attachOf, detached, exported, IMPORTER, mapped, released, unmapped } from '../../support/trace.ts'

const OTHER = '0000:07:00.0'
const fold = async (...steps: Step[]): Promise<Folded> =>
  (
    await given(exported(), exported({ ino: 2 }), ...steps)
      .without('dma_buf_dynamic_attach')
      .fold()
  ).folded
const native = ({ ino = 1, hash = 1, device = IMPORTER } = {}): Step =>
  event(
    'dma_buf_detach',
    `exp_name=vfio_pci_core size=16384 ino=${ino} attachment:${String(90000000 + hash).padStart(16, '0')} is_dynamic=1 dev_name=${device}`,
  )
const ended = ({ attachments }: Folded) => attachments.map(({ detachedNs }) => detachedNs !== null)
const second = { attach: 2 }
const elsewhere = { attach: 3, importer: OTHER }
const guessed = ({ findings }: Folded) => findings.some(({ missing }) => missing?.includes('joined by a guess'))

it('a hashed detach ends the attachment of its buffer and device that is known by its raw pointer', async () => {
  const folded = await fold(
    attached('dynamic', elsewhere),
    attached(),
    attached('dynamic', { attach: 4, ino: 2 }),
    native(),
  )
  expect(ended(folded)).toEqual([false, true, false])
  expect(guessed(folded)).toBe(false)
})

it('of two such it ends the oldest, and what is mapped by either is doubtful', async () => {
  const folded = await fold(attached(), attached('dynamic', second), native(), mapped(second), released())
  expect(ended(folded)).toEqual([true, false])
  expect(guessed(folded)).toBe(true)
})

it('the probe and the native event of one detach are one, and so are those of the next', async () => {
  const folded = await fold(
    attached(),
    attached('dynamic', second),
    detached(),
    native(),
    detached(second),
    native({ hash: 2 }),
  )
  expect(folded.attachments).toMatchObject([
    { attachment: attachOf({}), detachedNs: 10_000_650_000n },
    { attachment: attachOf(second), detachedNs: 10_000_750_000n },
  ])
  expect(guessed(folded)).toBe(false)
})

it('the native event of another buffer is another detach', async () => {
  const folded = await fold(attached(), attached('dynamic', { ...second, ino: 2 }), detached(), native({ ino: 2 }))
  expect(ended(folded)).toEqual([true, true])
})

it('a detach is all that shows of an attachment from before the trace', async () => {
  const unknown = { attachedNs: null, detachedNs: 10_000_350_000n, importerDevice: OTHER, ino: 1n, class: 'unknown' }
  const raw = await fold(detached(elsewhere))
  expect(raw.attachments).toMatchObject([{ ...unknown, attachment: attachOf(elsewhere) }])
  const hashed = await fold(native({ hash: 3, device: OTHER }))
  expect(hashed.attachments).toMatchObject([{ ...unknown, attachment: '0x90000003' }])
})

it('a raw detach that no attach showed is of none of those that are known by theirs', async () => {
  const folded = await fold(attached(), detached({ attach: 9 }))
  expect(folded.attachments).toMatchObject([
    { attachment: attachOf({}), detachedNs: null },
    { attachment: attachOf({ attach: 9 }), attachedNs: null },
  ])
})

it('the return of a detach tells of no other', async () => {
  const back = event('own_detach_ret', '(drop+0x26/0x50 [dbtest] <- dma_buf_detach) ino=1')
  expect(ended(await fold(attached(), detached(), back))).toEqual([true])
  expect(ended((await given(exported(), attached(), detached(), back).fold()).folded)).toEqual([true])
})

it('one that is known by its hashed pointer has leaked for certain where such detaches are recorded', async () => {
  const hashed = (ino: number, hash: number) =>
    event(
      'dma_buf_dynamic_attach',
      `exp_name=vfio_pci_core size=16384 ino=${ino} attachment:${String(90000000 + hash).padStart(16, '0')} is_dynamic=1 dev_name=${IMPORTER}`,
    )
  const verdicts = async (...steps: Step[]) => {
    const { findings } = (await given(exported(), exported({ ino: 2 }), ...steps).fold()).folded
    return findings.filter(({ rule }) => rule === 'leaked-attachment').map(({ ino, verdict }) => [ino, verdict])
  }
  const held = [hashed(1, 1), hashed(2, 2), released()]
  expect(await verdicts(...held, native({ ino: 2, hash: 2 }))).toEqual([[1n, 'violated']])
  const probed = [attached('dynamic', { ino: 2, attach: 3 }), detached({ ino: 2, attach: 3 })]
  expect(await verdicts(hashed(1, 1), ...probed, released())).toEqual([[1n, 'undetermined']])
})

it('what the second record of a detach says of the importer is in its row, wherever a batch ends', async () => {
  const shown = event(
    'dma_buf_detach',
    `exp_name=vfio_pci_core size=16384 ino=1 attachment:${'90000001'.padStart(16, '0')} is_dynamic=0 dev_name=${IMPORTER}`,
  )
  const { attachments } = (await given(exported(), mapped(), unmapped(), detached(), shown).fold()).folded
  expect(attachments).toMatchObject([{ class: 'legacy', basis: 'declared' }])
})
