import { describe, it } from 'vitest'
import { by, event, lost, type Step } from '../../support/printer.ts'
import { finding, givenOptions, nothing } from '../../support/story.ts'
import {
  attached,
  EXPORTER,
  exported,
  faulted,
  fencesAwaited,
  invalidated,
  mapped,
  move,
  unmapped,
} from '../../support/trace.ts'

const options = {
  recognisers: [{ event: 'my_dma', as: 'access', fields: { device: 'dev', iova: 'addr', direction: 'dir' } }],
}
const access = event('my_dma', 'dev=0000:02:00.0 addr=0xffff0040 dir=FROM_DEVICE')
const revokeWith = (...inside: Step[]) =>
  givenOptions(options, exported(), attached(), mapped()).when(move(1, EXPORTER, 'ioctl', invalidated(), ...inside))

describe('access-after-fences', () => {
  it('is an access between drained fences and the unmap', async () => {
    await revokeWith(fencesAwaited(), by('gpu', 201, access, access, unmapped())).judge(
      finding('access-after-fences', {
        severity: 'error',
        ino: 1,
        evidence: ['dbuf_inval', 'dbuf_resv_wait_ret', 'my_dma'],
      }),
    )
  })

  it('may go on until the fences have drained', async () => {
    await revokeWith(by('gpu', 201, access), fencesAwaited(), by('gpu', 201, unmapped())).judge(
      nothing('access-after-fences'),
    )
  })

  it('is not told by a fault, which comes late', async () => {
    await revokeWith(fencesAwaited(), faulted(), by('gpu', 201, unmapped())).judge(nothing('access-after-fences'))
  })

  it('is undetermined across a loss, which may hide the unmap and a new map', async () => {
    await revokeWith(fencesAwaited(), by('gpu', 201, lost(2), access, unmapped())).judge(
      finding('access-after-fences', { missing: /2 events lost/ }),
    )
  })
})
