import { describe, expect, it } from 'vitest'
import { foldText } from '../../support/fold-file.ts'
import { lost, printTrace } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import { attached, detached, exported, pinned, unpinned } from '../../support/trace.ts'

const second = { attach: 2 }
/** Another attachment, so that both calls are known to be recorded. */
const shown = given(exported(), attached('unheard', second), pinned(second), unpinned(second), detached(second))
const held = shown.when(attached('unheard'))

describe('pin-imbalance', () => {
  it('is a detach with pins left', async () => {
    await held
      .when(pinned(), pinned(), unpinned(), detached())
      .judge(finding('pin-imbalance', { severity: 'warning', ino: 1, summary: /with 1 pin left/ }))
  })

  it('is an unpin too many', async () => {
    await held
      .when(pinned(), unpinned(), unpinned(), detached())
      .judge(finding('pin-imbalance', { summary: /with 1 unpin too many/ }))
  })

  it('is an unpin before its pin, although both balance in the end', async () => {
    await held
      .when(pinned(), unpinned(), unpinned(), pinned(), detached())
      .judge(finding('pin-imbalance', { summary: /before it had pinned it/ }))
  })

  it('is nothing where they balance', async () => {
    await held.when(pinned(), unpinned(), detached()).judge(nothing('pin-imbalance'))
  })

  it('counts no pin that failed', async () => {
    await held.when(pinned({}, -95), detached()).judge(nothing('pin-imbalance'))
  })

  it('is undetermined where unpins were not recorded', async () => {
    await held
      .when(pinned(), unpinned(), detached())
      .without('dbuf_unpin')
      .judge(finding('pin-imbalance', { missing: /no unpin event/, times: 2 }))
  })

  it('is undetermined across a loss', async () => {
    await held.when(pinned(), lost(1), detached()).judge(finding('pin-imbalance', { missing: /1 events lost/ }))
  })
})

describe('pin-imbalance of exporters that refuse pins', () => {
  const rdma = { exporter: 'ib_uverbs' }

  it('is a pin of RDMA memory that passed', async () => {
    await given(exported(rdma), attached('unheard', rdma))
      .when(pinned(rdma), pinned(rdma), unpinned(rdma), unpinned(rdma), detached(rdma))
      .judge(
        finding('pin-imbalance', {
          summary: /whose exporter must refuse pins/,
          evidence: ['dma_buf_dynamic_attach', 'dbuf_pin'],
        }),
      )
  })

  it('is nothing where it was refused, or where the exporter lets it pass', async () => {
    await given(exported(rdma), attached('unheard', rdma))
      .when(pinned(rdma, -95), detached(rdma))
      .judge(nothing('pin-imbalance'))
    await held.when(pinned(), unpinned(), detached()).judge(nothing('pin-imbalance'))
  })

  it.each([
    ['6.19.4', 1],
    ['7.0', 1],
    ['7.1-rc2', 0],
    ['6.12.95+deb12-amd64', 0],
    [null, 0],
  ])('is a pin of VFIO’s memory on the kernels whose pin op refused: %s', async (kernel, times) => {
    const { lines } = printTrace([exported(), attached('unheard'), pinned(), unpinned(), detached()])
    const { findings } = await foldText(Buffer.from(`${lines.join('\n')}\n`), {}, {}, kernel)
    expect(findings.filter(({ rule }) => rule === 'pin-imbalance')).toHaveLength(times)
  })
})

describe('what proves an unpin without its pin', () => {
  it('is that unpin, and no later one', async () => {
    await held
      .when(unpinned(), pinned(), detached())
      .judge(finding('pin-imbalance', { evidence: ['dma_buf_dynamic_attach', 'dbuf_unpin', 'dbuf_detach'] }))
  })

  it('is the detach alone where pins are left', async () => {
    await held
      .when(unpinned(), pinned(), pinned(), detached())
      .judge(finding('pin-imbalance', { evidence: ['dma_buf_dynamic_attach', 'dbuf_detach'] }))
  })
})
