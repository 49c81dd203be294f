import { choice, column } from './column.ts'
import { capture, device, from, limit, oneOf, to } from './parameters.ts'
import { defineQuery } from './query.ts'
import { EPISODE_VERDICTS, METHODS, TRIGGERS } from './vocabulary.ts'

export const resets = defineQuery({
  name: 'resets',
  summary: 'every device reset, and what was still mapped when it began',
  parameters: {
    capture,
    device: device.describe('device that was reset'),
    method: oneOf(METHODS).describe('only this method'),
    verdict: oneOf(EPISODE_VERDICTS).describe('only this verdict'),
    from,
    to,
    limit,
  },
  columns: [
    column('capture', 'int32', 'number of the capture'),
    column('device', 'utf8', 'device that was reset', null),
    choice('method', METHODS, 'flr, bus, pm, af-flr or unknown'),
    choice('trigger', TRIGGERS, 'who asked for it'),
    column('started_ns', 'int64', 'begun, ns'),
    column('finished_ns', 'int64', 'returned, ns', null),
    column('result', 'utf8', 'ok, an errno name, timeout; null where no event says', null),
    column('buffers', 'int32', 'buffers of the device'),
    column('mappings_live', 'int32', 'mappings still alive when it began'),
    choice('verdict', EPISODE_VERDICTS, 'clean, violated or undetermined'),
  ],
  example: { verdict: 'violated' },
  source: {
    kind: 'sql',
    select: (db, p) =>
      db
        .selectFrom('reset')
        .select(['capture', 'device', 'method', 'trigger', 'started_ns', 'finished_ns', 'result', 'buffers'])
        .select(['mappings_live', 'verdict'])
        .$if(p.capture !== undefined, (q) => q.where('capture', '=', p.capture!))
        .$if(p.device !== undefined, (q) => q.where('device', '=', p.device!))
        .$if(p.method !== undefined, (q) => q.where('method', '=', p.method!))
        .$if(p.verdict !== undefined, (q) => q.where('verdict', '=', p.verdict!))
        .$if(p.from !== undefined, (q) =>
          q.where((e) => e.or([e('finished_ns', 'is', null), e('finished_ns', '>=', p.from!)])),
        )
        .$if(p.to !== undefined, (q) => q.where('started_ns', '<=', p.to!))
        .orderBy('capture')
        .orderBy('started_ns')
        .orderBy('id')
        .$if(p.limit !== undefined, (q) => q.limit(p.limit!)),
  },
})
