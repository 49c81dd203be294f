import { choice, column } from './column.ts'
import { capture, device, from, ino, limit, oneOf, to } from './parameters.ts'
import { defineQuery } from './query.ts'
import { CAUSES, EPISODE_VERDICTS } from './vocabulary.ts'

export const revocations = defineQuery({
  name: 'revocations',
  summary: 'every time an exporter took a buffer back, step by step',
  parameters: {
    capture,
    ino,
    device: device.describe('exporter'),
    cause: oneOf(CAUSES).describe('only this cause'),
    verdict: oneOf(EPISODE_VERDICTS).describe('only this verdict'),
    from,
    to,
    limit,
  },
  columns: [
    column('capture', 'int32', 'number of the capture'),
    column('ino', 'uint64', 'inode number of the buffer', null),
    column('exporter_device', 'utf8', 'device whose memory it is', null),
    choice('cause', CAUSES, 'what it was revoked for'),
    column('requested_ns', 'int64', 'begun, ns'),
    column('notified_ns', 'int64', 'importers told, ns', null),
    column('fences_ns', 'int64', 'fences drained, ns', null),
    column('unmapped_ns', 'int64', 'last mapping gone, ns', null),
    column('completed_ns', 'int64', 'revoke complete, ns', null),
    column('restored_ns', 'int64', 'given back, ns; null unless an event says so', null),
    column('permanent', 'bool', 'whether it was revoked for good'),
    column('slowest_importer', 'utf8', 'device that let go last', null),
    column('blocked_ns', 'int64', 'how long the exporter was held up, ns', null),
    choice('verdict', EPISODE_VERDICTS, 'clean, violated or undetermined'),
  ],
  example: { verdict: 'violated' },
  source: {
    kind: 'sql',
    select: (db, p) =>
      db
        .selectFrom('revocation')
        .select([
          'capture',
          'ino',
          'exporter_device',
          'cause',
          'requested_ns',
          'notified_ns',
          'fences_ns',
          'unmapped_ns',
        ])
        .select(['completed_ns', 'restored_ns', 'permanent', 'slowest_importer', 'blocked_ns', 'verdict'])
        .$if(p.capture !== undefined, (q) => q.where('capture', '=', p.capture!))
        .$if(p.ino !== undefined, (q) => q.where('ino', '=', p.ino!))
        .$if(p.device !== undefined, (q) => q.where('exporter_device', '=', p.device!))
        .$if(p.cause !== undefined, (q) => q.where('cause', '=', p.cause!))
        .$if(p.verdict !== undefined, (q) => q.where('verdict', '=', p.verdict!))
        .$if(p.from !== undefined, (q) =>
          q.where((e) => e.or([e('completed_ns', 'is', null), e('completed_ns', '>=', p.from!)])),
        )
        .$if(p.to !== undefined, (q) => q.where('requested_ns', '<=', p.to!))
        .orderBy('capture')
        .orderBy('requested_ns')
        .orderBy('id')
        .$if(p.limit !== undefined, (q) => q.limit(p.limit!)),
  },
})
