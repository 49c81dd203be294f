import { describe, it } from 'vitest'
import { lost } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import { attached, detached, exported, mapped, unmapped } from '../../support/trace.ts'

const gone = given(exported(), attached(), mapped(), unmapped())

describe('double-unmap', () => {
  it('is an unmap of what had been unmapped', async () => {
    await gone.when(unmapped()).judge(
      finding('double-unmap', {
        severity: 'critical',
        ino: 1,
        importer: '0000:02:00.0',
        evidence: ['dbuf_map', 'dbuf_unmap', 'dbuf_unmap_ret', 'dbuf_unmap'],
      }),
    )
  })

  it('is not the next mapping at the same sg_table', async () => {
    await gone.when(mapped(), unmapped(), mapped(), unmapped()).judge(nothing('double-unmap'))
  })

  it('is not the next mapping, though only entries were recorded', async () => {
    await gone.when(mapped(), unmapped(), mapped(), unmapped()).without('dbuf_unmap_ret').judge(nothing('double-unmap'))
  })

  it('is nothing where maps were not recorded: the sg_table may be another one', async () => {
    await gone.when(mapped(), unmapped()).without('dbuf_map').judge(nothing('double-unmap'))
  })

  it('is undetermined across a loss, which may hide a map', async () => {
    await gone.when(lost(1), unmapped()).judge(finding('double-unmap', { missing: /1 events lost/ }))
  })
})

describe('an unmap of what a detach has ended', () => {
  it('is a use after the detach, and no second unmap', async () => {
    await given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
      .when(detached(), unmapped())
      .judge(finding('use-after-detach', { summary: /called unmap/ }), nothing('double-unmap'))
  })
})
