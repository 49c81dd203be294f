import { choice, column } from './column.ts'
import { capture, device, from, ino, limit, oneOf, to } from './parameters.ts'
import { defineQuery } from './query.ts'
import { ENDS } from './vocabulary.ts'

export const mappings = defineQuery({
  name: 'mappings',
  summary: 'every DMA mapping, and how it came to its end',
  parameters: {
    capture,
    ino,
    device: device.describe('importer'),
    ended_by: oneOf(ENDS).describe('only mappings that ended so'),
    live_at_reset: oneOf(['true', 'false'] as const).describe('only those that a reset met alive, or did not'),
    from,
    to,
    limit,
  },
  columns: [
    column('capture', 'int32', 'number of the capture'),
    column('ino', 'uint64', 'inode number of the buffer', null),
    column('attachment', 'utf8', 'pointer of the attachment', null),
    column('importer_device', 'utf8', 'device that mapped', null),
    column('direction', 'utf8', 'DMA direction', null),
    column('iova', 'uint64', 'device address of the first segment', null),
    column('length', 'uint64', 'bytes', null),
    column('mapped_ns', 'int64', 'mapped, ns', null),
    column('unmapped_ns', 'int64', 'unmapped, ns', null),
    column('unmapped_comm', 'utf8', 'task that unmapped', null),
    column('unmapped_pid', 'int32', 'its thread id', null),
    choice('ended_by', ENDS, 'unmap, revoke, detach or release; null while it lives', null),
    column('live_at_reset', 'bool', 'whether a reset of the exporting device met it alive'),
  ],
  example: { live_at_reset: 'true' },
  source: {
    kind: 'sql',
    select: (db, p) =>
      db
        .selectFrom('mapping')
        .select(['capture', 'ino', 'attachment', 'importer_device', 'direction', 'iova', 'length', 'mapped_ns'])
        .select(['unmapped_ns', 'unmapped_comm', 'unmapped_pid', 'ended_by', 'live_at_reset'])
        .$if(p.capture !== undefined, (q) => q.where('capture', '=', p.capture!))
        .$if(p.ino !== undefined, (q) => q.where('ino', '=', p.ino!))
        .$if(p.device !== undefined, (q) => q.where('importer_device', '=', p.device!))
        .$if(p.ended_by !== undefined, (q) => q.where('ended_by', '=', p.ended_by!))
        .$if(p.live_at_reset !== undefined, (q) => q.where('live_at_reset', '=', p.live_at_reset === 'true' ? 1 : 0))
        .$if(p.from !== undefined, (q) =>
          q.where((e) => e.or([e('unmapped_ns', 'is', null), e('unmapped_ns', '>=', p.from!)])),
        )
        .$if(p.to !== undefined, (q) => q.where((e) => e.or([e('mapped_ns', 'is', null), e('mapped_ns', '<=', p.to!)])))
        .orderBy('capture')
        .orderBy('id')
        .$if(p.limit !== undefined, (q) => q.limit(p.limit!)),
  },
})
