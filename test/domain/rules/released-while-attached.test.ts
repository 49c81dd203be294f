import { describe, it } from 'vitest'
import { by, event, lost } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import { attached, detached, exported, released } from '../../support/trace.ts'

const shown = given(exported(), attached(), attached('dynamic', { attach: 2 }), detached({ attach: 2 }))
const leak = besides('leaked-attachment')

describe('released-while-attached', () => {
  it('is a release with somebody attached', async () => {
    await shown.when(released()).judge(
      finding('released-while-attached', {
        severity: 'error',
        ino: 1,
        importer: '0000:02:00.0',
        evidence: ['dma_buf_dynamic_attach', 'dbuf_release'],
      }),
      leak,
    )
  })

  it('is nothing after the detach, whoever did it', async () => {
    await shown.when(by('kworker/u64:3', 310, detached()), released()).judge(nothing('released-while-attached'))
  })

  it('takes no dma_buf_put for the release', async () => {
    await shown
      .when(event('dma_buf_put', 'exp_name=vfio_pci_core size=16384 ino=1'))
      .judge(nothing('released-while-attached'))
  })

  it('is undetermined where detaches were not recorded', async () => {
    await shown
      .when(released())
      .without('dbuf_detach')
      .judge(finding('released-while-attached', { missing: /no detach event/, times: 2 }))
  })

  it('is undetermined across a loss, which may hide the detach', async () => {
    await shown.when(lost(3), released()).judge(finding('released-while-attached', { missing: /3 events lost/ }), leak)
  })
})
