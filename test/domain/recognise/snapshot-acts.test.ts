import { expect, it } from 'vitest'
import { recognised } from '../../support/recognised.ts'

const event = { point: 'event', fresh: true }

/** Every kind of fact that a snapshot's layouts give, in the words of ingest/snapshot. */
it.each([
  [
    'bufinfo_buffer',
    'ino=80 size=4096 exp_name="system" count=2 flags=0x2 mode=0x7 name="n"',
    { type: 'snapshot-buffer', ino: '80', size: '4096', exporter: 'system' },
  ],
  [
    'bufinfo_attachment',
    'ino=80 exp_name="system" dev_name="0000:02:00.0"',
    { type: 'snapshot-attachment', ino: '80', exporter: 'system', device: '0000:02:00.0' },
  ],
  [
    'bufinfo_fence',
    'ino=80 usage=write driver="drv" timeline="t" context=37 seqno=49 signaled=0',
    { type: 'snapshot-fence', ino: '80', usage: 'write', context: '37', seqno: '49', state: '0' },
  ],
  ['bufinfo_total', 'ino=80 devices=3', { type: 'snapshot-total', ino: '80', detail: 'devices', nents: '3' }],
  ['bufinfo_end', 'objects=2 bytes=8192 complete=1', { type: 'snapshot-total', detail: 'buffers', nents: '2' }],
  ['bufinfo_end', 'objects=2 bytes=8192 complete=0', { type: 'snapshot-total', detail: 'some', nents: '2' }],
  [
    'fdinfo_buffer',
    'ino=80 size=4096 count=2 fd=7 flags=0x2 exp_name="system" name="n"',
    { type: 'snapshot-holder', ino: '80', size: '4096', fd: '7', exporter: 'system' },
  ],
])('%s: %s', (name, payload, want) => {
  expect(recognised(name, payload)).toEqual({ ...event, ...want })
})

/** DMA_BUF_SET_NAME takes any text from anybody: a name that ends its own quotes tells of nothing but itself. */
it.each([
  ['bufinfo_buffer', '', {}],
  ['fdinfo_buffer', ' fd=7', { fd: '7' }],
])('%s of a buffer whose name has fields in it', (name, before, want) => {
  const named =
    'n" fd=9 dev_name="0000:09:00.0" usage=write context=1 seqno=2 signaled=0 objects=1 devices=1 complete="'
  const act = recognised(name, `ino=80 size=4096${before} exp_name="system" name="${named}"`)
  expect(act).toEqual({ ...event, type: act?.type, ino: '80', size: '4096', exporter: 'system', ...want })
})

it('another name is no snapshot’s', () => {
  expect(recognised('bufinfo_header', 'ino=80')).toBeNull()
})
