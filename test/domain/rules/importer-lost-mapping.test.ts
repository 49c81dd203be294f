import { describe, it } from 'vitest'
import { lost } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import { attached, detached, exported, mapped, restored, revoked, unmapped } from '../../support/trace.ts'

const back = given(
  exported(),
  attached('unheard'),
  mapped({ sgt: 9 }),
  unmapped({ sgt: 9 }),
  mapped(),
  revoked({}, unmapped()),
  restored(),
)

describe('importer-lost-mapping', () => {
  it('is an importer that never mapped again after the restore', async () => {
    await back.when(detached()).judge(
      finding('importer-lost-mapping', {
        severity: 'info',
        ino: 1,
        importer: '0000:02:00.0',
        evidence: ['dbuf_unmap_ret', 'vfiodb_move_ret'],
      }),
    )
    await back.judge(finding('importer-lost-mapping', { severity: 'info' }))
  })

  it('is nothing once it has mapped again', async () => {
    await back.when(mapped({ sgt: 2 }), unmapped({ sgt: 2 }), detached()).judge(nothing('importer-lost-mapping'))
  })

  it('is nothing where the buffer never came back', async () => {
    await given(exported(), attached('unheard'), mapped(), revoked({}, unmapped()))
      .when(detached())
      .judge(nothing('importer-lost-mapping'))
  })

  it('is nothing where the importer had unmapped of its own accord', async () => {
    await given(exported(), attached('unheard'), mapped(), unmapped(), revoked(), restored())
      .when(detached())
      .judge(nothing('importer-lost-mapping'))
  })

  it('is undetermined across a loss, which may hide the map', async () => {
    await back.when(lost(3), detached()).judge(finding('importer-lost-mapping', { missing: /3 events lost/ }))
  })
})
