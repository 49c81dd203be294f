import { column } from './column.ts'
import { capture } from './parameters.ts'
import { defineQuery } from './query.ts'

export const captures = defineQuery({
  name: 'captures',
  summary: 'what was ingested: one row a trace',
  parameters: { capture },
  columns: [
    column('capture', 'int32', 'number of the capture in this log'),
    column('name', 'utf8', 'file name, or - for stdin'),
    column('digest', 'utf8', 'SHA-256 of the decompressed content; null until all of it was read', null),
    column('format', 'utf8', 'layout of the text', null),
    column('clock', 'utf8', 'trace clock, where it was given or found', null),
    column('host', 'utf8', 'host that was traced', null),
    column('boot_id', 'utf8', "the kernel's boot_id", null),
    column('kernel', 'utf8', 'kernel release', null),
    column('lines', 'count', 'lines read'),
    column('events', 'count', 'lines that are events'),
    column('ignored', 'count', 'events that an option or the noise list deselected'),
    column('malformed', 'count', 'lines that are nothing known'),
    column('lost', 'count', 'events known to be missing'),
    column('tier', 'utf8', 'how much the probes of this trace can prove: T0 to T3', null),
    column('first_ns', 'int64', 'time of the first event, ns', null),
    column('last_ns', 'int64', 'time of the last event, ns', null),
  ],
  example: { capture: '1' },
  source: {
    kind: 'sql',
    select: (db, params) =>
      db
        .selectFrom('capture as c')
        .leftJoin('checkpoint as k', 'k.capture', 'c.capture')
        .select(['c.capture', 'c.name', 'c.digest', 'c.format', 'c.clock', 'c.host', 'c.boot_id', 'c.kernel'])
        .select(['c.lines', 'c.events', 'c.ignored', 'c.malformed', 'c.lost', 'k.tier', 'c.first_ns', 'c.last_ns'])
        .$if(params.capture !== undefined, (q) => q.where('c.capture', '=', params.capture!))
        .orderBy('c.capture'),
  },
})
