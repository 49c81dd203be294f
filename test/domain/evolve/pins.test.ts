/** KERNEL.md §2.1: `dma_buf_pin()` can fail, `dma_buf_unpin()` cannot; who pins while it maps has a callback for being revoked. */
import { describe, expect, it } from 'vitest'
import { all, event } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  attachOf,
  detached,
  exported,
  invalidated,
  mapped,
  pinned,
  revoked,
  unmapped,
  unpinned,
} from '../../support/trace.ts'

const entry = event('own_pin', `(dma_buf_pin+0x4/0x30) ino=1 attach=${attachOf({})}`)
/** A return that shows neither the attachment nor, in `mute`, what came of it. */
const exit = (ret: number) => event('own_pin_ret', `(pin+0x9/0x20 [dbtest] <- dma_buf_pin) ret=${ret}`)
const mute = event('own_pin_ret', '(pin+0x9/0x20 [dbtest] <- dma_buf_pin)')
const unpinReturn = event('own_unpin_ret', `(unpin+0x9/0x20 [dbtest] <- dma_buf_unpin) ino=1 attach=${attachOf({})}`)

const second = { attach: 2 }
const shown = given(exported(), attached('unheard', second), pinned(second), unpinned(second), detached(second))
const held = given(exported(), attached('unheard'))
const last = (folded: { attachments: { pinned: boolean | null; class: string }[] }) => folded.attachments.at(-1)

describe('a pin', () => {
  it.each([
    ['both ends are, and it passed', [entry, exit(0)]],
    ['its return says nothing', [entry, mute]],
    ['it is by then known that its return is probed', [entry, exit(0), unpinned(), entry, exit(0)]],
  ])('counts once where %s', async (_, steps) => {
    const one = await held.when(...steps, unpinned(), detached()).judge(nothing('pin-imbalance'))
    expect(last(one)).toMatchObject({ pinned: true })
    await held.when(...steps, unpinned(), unpinned(), detached()).judge(finding('pin-imbalance', { summary: /unpin/ }))
  })

  it('counts where only its entry is probed, and may have failed for all that', async () => {
    await held.when(entry, unpinned(), detached()).judge(nothing('pin-imbalance'))
    await held.when(entry, detached()).judge(finding('pin-imbalance', { missing: /its return is not probed/ }))
  })

  it('does not count where it failed, though its entry had been seen, first or later', async () => {
    await held.when(entry, exit(-95), detached()).judge(nothing('pin-imbalance'))
    await held.when(entry, exit(0), unpinned(), entry, exit(-95), detached()).judge(nothing('pin-imbalance'))
  })

  it('that failed leaves its attachment unpinned', async () => {
    expect(last(await held.when(pinned({}, -95)).judge())).toMatchObject({ pinned: null })
  })

  it('of nobody known is no one’s', async () => {
    const folded = await held.when(exit(0), event('own_unpin', '(dma_buf_unpin+0x4/0x30)')).judge()
    expect(last(folded)).toMatchObject({ pinned: null })
  })
})

describe('an unpin', () => {
  it('counts once, at its entry', async () => {
    await shown.when(attached('unheard'), pinned(), unpinned(), unpinReturn, detached()).judge(nothing('pin-imbalance'))
  })
})

describe('the class of an importer whose callback nobody has listed', () => {
  it.each([
    ['dynamic', 'it maps without a pin', [mapped()]],
    ['pinned-revocable', 'it pins what it has mapped', [mapped(), pinned()]],
    ['pinned-revocable', 'it maps what it has pinned', [pinned(), mapped()]],
    ['dynamic', 'it pins, and maps nothing', [pinned()]],
    ['dynamic', 'it unpins what it has mapped', [pinned(), mapped(), unpinned()]],
    ['pinned-revocable', 'one of two pins is left', [pinned(), pinned(), mapped(), unpinned()]],
    ['pinned-revocable', 'it unpins after it has unmapped', [pinned(), mapped(), unmapped(), unpinned()]],
  ])('is %s where %s', async (importerClass, _, steps) => {
    const folded = await held.when(...steps).fold()
    expect(last(folded.folded)).toMatchObject({ class: importerClass })
  })

  it('stays pinned-revocable where it lets go inside the invalidate: that is how such an importer is revoked', async () => {
    const lets = all(unpinned(), unmapped())
    const { folded } = await held.when(pinned(), mapped(), revoked({}, lets)).fold()
    expect(last(folded)).toMatchObject({ class: 'pinned-revocable' })
    const { folded: after } = await held.when(pinned(), mapped(), invalidated(), unpinned(), unmapped()).fold()
    expect(last(after)).toMatchObject({ class: 'dynamic' })
  })
})
