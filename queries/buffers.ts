import { choice, column } from './column.ts'
import { capture, device, from, ino, limit, oneOf, to } from './parameters.ts'
import { defineQuery } from './query.ts'
import { STATES } from './vocabulary.ts'

export const buffers = defineQuery({
  name: 'buffers',
  summary: 'every dma-buf seen, and its state at the end of the capture',
  parameters: {
    capture,
    ino,
    device: device.describe('exporter'),
    state: oneOf(STATES).describe('only buffers in this state'),
    from,
    to,
    limit,
  },
  columns: [
    column('capture', 'int32', 'number of the capture'),
    column('ino', 'uint64', 'inode number of the buffer', null),
    column('exporter', 'utf8', 'exp_name', null),
    column('exporter_device', 'utf8', 'device whose memory it is', null),
    column('size', 'uint64', 'bytes', null),
    choice('state', STATES, 'at the end of the capture'),
    column('exported_ns', 'int64', 'exported, ns', null),
    column('released_ns', 'int64', 'released, ns', null),
    column('revocations', 'int32', 'how often it was revoked'),
    column('attachments', 'int32', 'attachments seen'),
    column('mappings', 'int32', 'mappings seen'),
    column('findings', 'int32', 'findings about it'),
  ],
  example: { state: 'revoked' },
  source: {
    kind: 'sql',
    select: (db, p) =>
      db
        .selectFrom('buffer')
        .select(['capture', 'ino', 'exporter', 'exporter_device', 'size', 'state', 'exported_ns', 'released_ns'])
        .select(['revocations', 'attachments', 'mappings', 'findings'])
        .$if(p.capture !== undefined, (q) => q.where('capture', '=', p.capture!))
        .$if(p.ino !== undefined, (q) => q.where('ino', '=', p.ino!))
        .$if(p.device !== undefined, (q) => q.where('exporter_device', '=', p.device!))
        .$if(p.state !== undefined, (q) => q.where('state', '=', p.state!))
        .$if(p.from !== undefined, (q) =>
          q.where((e) => e.or([e('released_ns', 'is', null), e('released_ns', '>=', p.from!)])),
        )
        .$if(p.to !== undefined, (q) =>
          q.where((e) => e.or([e('exported_ns', 'is', null), e('exported_ns', '<=', p.to!)])),
        )
        .orderBy('capture')
        .orderBy('id')
        .$if(p.limit !== undefined, (q) => q.limit(p.limit!)),
  },
})
