/** KERNEL.md §4.3: what an importer is follows from its ops, and from what it was seen to do. */
import { describe, expect, it } from 'vitest'
import type { Folded } from '../../support/fold-file.ts'
import { event, later, type Step } from '../../support/printer.ts'
import { given } from '../../support/story.ts'
import {
  attached,
  attachOf,
  detached,
  dmabufOf,
  exported,
  IMPORTER,
  mapped,
  pinned,
  refused,
  revoked,
  unmapped,
  unpinned,
} from '../../support/trace.ts'

const fold = async (...steps: Step[]): Promise<Folded> =>
  (
    await given(exported(), ...steps)
      .without('dma_buf_dynamic_attach')
      .fold()
  ).folded
const shown = ({ attachments }: Folded) => attachments.map(({ class: is, basis, callback }) => [is, basis, callback])

/** A probe of one's own on the return of an attach, with what it shows of the ops. */
const attachShowing = (fields: string, attach = 1): Step =>
  event(
    'own_attach_ret',
    `(dbt_ioctl+0x214/0x73a [dbtest] <- dma_buf_dynamic_attach) ino=1 dmabuf=${dmabufOf({})} dev="${IMPORTER}" ${fields} ret=${attachOf({ attach })}`,
  )
/** `dma_buf_detach()`, told by a probe on its event that shows the ops once more. */
const detachShowing = (fields: string): Step =>
  event(
    'dma_buf_detach',
    `exp_name=vfio_pci_core size=16384 ino=1 attachment:0000000090000001 is_dynamic=1 dev_name=${IMPORTER} ${fields}`,
  )
const UNHEARD = 'ops=0xffffffffc0300000 inv=dbt_inv+0x0/0x50'

describe('a callback', () => {
  it.each([
    ['0xffffffffc0a01230', ['dynamic', 'declared', '0xffffffffc0a01230']],
    ['0x0', ['pinned', 'declared', null]],
    // What is left in the field where the dereference failed.
    ['0x96', ['unknown', 'unknown', null]],
    ['0xffff0096', ['unknown', 'unknown', null]],
    ['0xf00000000096', ['unknown', 'unknown', null]],
    ['x0xffffffffc0a01230', ['dynamic', 'declared', 'x0xffffffffc0a01230']],
    ['150', ['unknown', 'unknown', null]],
    ['(fault)', ['unknown', 'unknown', null]],
  ])('that is printed as %s', async (inv, is) => {
    expect(shown(await fold(attachShowing(`ops=0xffffffffc0300000 inv=${inv}`)))).toEqual([is])
  })

  it('says nothing where the ops that it stands in are not shown', async () => {
    expect(shown(await fold(attachShowing('inv=0x0')))).toEqual([['unknown', 'unknown', null]])
    expect(shown(await fold(attachShowing('inv=dbt_inv+0x0/0x50')))).toEqual([['unknown', 'unknown', null]])
  })
})

it.each([
  [`${UNHEARD} p2p=1`, true],
  [`${UNHEARD} p2p=0`, false],
  [`${UNHEARD} p2p=150`, null],
  ['p2p=1', null],
  ['ops=0x0 p2p=1', null],
])('allows peer to peer where its ops say so: %s', async (fields, p2p) => {
  expect((await fold(attachShowing(fields))).attachments).toMatchObject([{ p2p }])
})

describe('an importer that nobody has listed', () => {
  it('is what another with the same ops is known as', async () => {
    const folded = await fold(attachShowing(UNHEARD), attachShowing('ops=0xffffffffc0300000', 2))
    expect(shown(folded)).toEqual([
      ['dynamic', 'declared', 'dbt_inv'],
      ['dynamic', 'declared', 'dbt_inv'],
    ])
  })

  it('of ops that are not shown is not', async () => {
    const folded = await fold(attachShowing(UNHEARD), attachShowing('', 2))
    expect(shown(folded)[1]).toEqual(['unknown', 'unknown', null])
  })

  it('is revocable while pinned, and stays what it was seen to be though its detach shows its ops again', async () => {
    const acts = [pinned(), mapped(), revoked({}, unmapped()), unpinned()]
    const before = await fold(attached('unheard'), ...acts)
    expect(shown(before)).toEqual([['pinned-revocable', 'observed', 'dbt_inv']])
    const after = await fold(attached('unheard'), ...acts, detached(), detachShowing(UNHEARD))
    expect(shown(after)).toEqual(shown(before))
  })

  it('that is listed stays what the list says, pinned or not', async () => {
    const folded = await fold(attached('dynamic'), pinned(), mapped(), revoked({}, unmapped()))
    expect(folded.attachments).toMatchObject([{ class: 'dynamic', basis: 'observed' }])
  })
})

describe('its unmap', () => {
  const held = [attached(), mapped()]
  const slow = [revoked(), later(2), unmapped()]
  const fast = [revoked({}, unmapped())]
  const again = [event('vfiodb_move', '(vfio_pci_dma_buf_move+0x4/0x190 [vfio_pci_core]) dev="0000:01:00.0" revoked=0')]

  it.each([
    ['within the callback', [...held, ...fast], false],
    ['after it', [...held, ...slow], true],
    ['after it once, and within it later', [...held, ...slow, ...again, mapped(), ...fast], true],
    ['within it once, and after it later', [...held, ...fast, ...again, mapped(), ...slow], true],
  ])('came %s', async (_, steps, deferred) => {
    expect((await fold(...steps)).attachments).toMatchObject([{ basis: 'observed', deferred }])
  })
})

it('refused attaches show what they were as soon as one with their ops does, those whose class was known excepted', async () => {
  const folded = await fold(refused('unheard', 95), attached('unheard'), refused('unheard', 19))
  expect(folded.attachments.map((a) => [a.refusedErrno, a.class, a.basis, a.callback])).toEqual([
    [95, 'dynamic', 'declared', 'dbt_inv'],
    [null, 'dynamic', 'declared', 'dbt_inv'],
    [19, 'dynamic', 'declared', 'dbt_inv'],
  ])
})
