import { column } from './column.ts'
import { capture, from, limit, to } from './parameters.ts'
import { defineQuery } from './query.ts'

export const gaps = defineQuery({
  name: 'gaps',
  summary: 'where the trace says nothing: what findings and all-clears may rest on',
  parameters: { capture, from, to, limit },
  columns: [
    column('capture', 'int32', 'number of the capture'),
    column('cpu', 'int32', 'the CPU that is silent; null for all', null),
    column('from_ns', 'int64', 'silence begins, ns; null from the beginning', null),
    column('to_ns', 'int64', 'silence ends, ns; null to the end', null),
    column('lost', 'count', 'events known to be missing', null),
    column('reason', 'utf8', 'why'),
  ],
  example: { capture: '1' },
  source: {
    kind: 'sql',
    select: (db, p) =>
      db
        .selectFrom('gap')
        .select(['capture', 'cpu', 'from_ns', 'to_ns', 'lost', 'reason'])
        .$if(p.capture !== undefined, (q) => q.where('capture', '=', p.capture!))
        .$if(p.from !== undefined, (q) => q.where((e) => e.or([e('to_ns', 'is', null), e('to_ns', '>=', p.from!)])))
        .$if(p.to !== undefined, (q) => q.where((e) => e.or([e('from_ns', 'is', null), e('from_ns', '<=', p.to!)])))
        .orderBy('capture')
        .orderBy('from_ns')
        .orderBy('id')
        .$if(p.limit !== undefined, (q) => q.limit(p.limit!)),
  },
})
