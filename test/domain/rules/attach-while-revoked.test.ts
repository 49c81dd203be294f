import { describe, it } from 'vitest'
import { by, event, later, lost } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import { attached, EXPORTER, exported, invalidated, move, refused, restored, revoked } from '../../support/trace.ts'

const gone = given(exported(), revoked())
const second = attached('dynamic', { attach: 2 })
const entry = event(
  'my_attach',
  '(dma_buf_dynamic_attach+0x4/0x1a0) dmabuf=0xffff888110000010 ino=1 exp="vfio_pci_core" dev="0000:02:00.0" importer_ops=0xffffffffc0200000',
)

describe('attach-while-revoked', () => {
  it('is an attach that succeeds long after the revoke', async () => {
    await gone
      .when(later(200), second)
      .judge(finding('attach-while-revoked', { severity: 'error', ino: 1, importer: '0000:02:00.0' }))
  })

  it('is certain at once where the entry shows that it began after the revoke', async () => {
    await gone.when(entry, second).judge(
      finding('attach-while-revoked', {
        evidence: ['vfiodb_move', 'dbuf_inval_ret', 'my_attach', 'dma_buf_dynamic_attach'],
      }),
    )
  })

  it('is the harmless race where the entry came before', async () => {
    await given(exported())
      .when(by('importer', 201, entry), revoked(), later(14), by('importer', 201, second))
      .judge(nothing('attach-while-revoked'))
  })

  it('is undetermined soon after the revoke where entries are not probed', async () => {
    await gone.when(later(14), second).judge(finding('attach-while-revoked', { missing: /its entry is not probed/ }))
  })

  it('is not the refusal with -ENODEV, nor an attach after the restore', async () => {
    await gone.when(later(200), refused('dynamic', 19)).judge(nothing('attach-while-revoked'))
    await gone.when(restored(), later(200), second).judge(nothing('attach-while-revoked'))
  })

  it('knows buffers that are born revoked', async () => {
    const off = move(1, EXPORTER, 'ioctl')
    await given(off, exported()).when(later(200), second).judge(finding('attach-while-revoked'))
    await given(off, exported())
      .when(move(0, EXPORTER, 'ioctl', invalidated()), later(200), second)
      .judge(nothing('attach-while-revoked'))
  })

  it('is undetermined across a loss, which may hide the restore', async () => {
    await gone
      .when(later(200), lost(7), later(1), second)
      .judge(finding('attach-while-revoked', { missing: /7 events lost/ }))
  })
})
