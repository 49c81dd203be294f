import { describe, it } from 'vitest'
import { by, event, lost } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import { attached, attachOf, detached, exported, mapped, sgtOf, unmapped } from '../../support/trace.ts'

const gone = given(exported(), attached(), mapped(), unmapped(), detached())

describe('use-after-detach', () => {
  it('is a map through a detached attachment', async () => {
    await gone.when(mapped({ sgt: 2 })).judge(
      finding('use-after-detach', {
        severity: 'critical',
        ino: 1,
        importer: '0000:02:00.0',
        evidence: ['dma_buf_dynamic_attach', 'dbuf_detach', 'dbuf_map'],
      }),
    )
  })

  it('is an unmap through a detached attachment, once for each', async () => {
    await gone.when(unmapped(), unmapped()).judge(finding('use-after-detach'))
  })

  it('is not the next attachment at the same address', async () => {
    await gone.when(attached(), mapped(), unmapped(), detached()).judge(nothing('use-after-detach'))
    await gone
      .when(attached('dynamic', { importer: '0000:07:00.0' }), mapped({ importer: '0000:07:00.0' }))
      .judge(nothing('use-after-detach'))
  })

  it('is nothing where attaches were not recorded', async () => {
    await gone
      .when(attached(), mapped())
      .without('dma_buf_dynamic_attach', 'dbuf_attached', 'dbuf_attach_ret')
      .judge(nothing('use-after-detach'))
  })

  it('is not certain of a map that shows no attachment, where an open call names one and attaches are not probed', async () => {
    const P = attachOf({})
    const wrapper = event('map_u', `(dma_buf_map_attachment_unlocked+0x4/0x90) attach=${P} dir=0`)
    const inner = (sgt: number) => event('map_out', `(x+0x5/0x90 [x] <- dma_buf_map_attachment) sgt=${sgtOf(sgt)}`)
    await given(exported())
      .when(wrapper, inner(1), unmapped(), detached(), inner(2))
      .judge(finding('use-after-detach', { verdict: 'undetermined', missing: /no attach event/ }))
  })

  it('is nothing across a loss that may hide the attach', async () => {
    await gone.when(lost(4), mapped()).judge(nothing('use-after-detach'))
  })

  it('is undetermined where the loss shows only afterwards', async () => {
    await given(by('other', 202, event('sched_switch', 'x')), exported(), attached(), mapped(), unmapped(), detached())
      .when(mapped({ sgt: 2 }), lost(4, 2), by('other', 202, event('sched_switch', 'x')))
      .judge(finding('use-after-detach', { missing: /4 events lost on CPU 2/ }))
  })
})
