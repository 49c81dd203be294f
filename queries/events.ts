import { ACT_TYPES } from '../src/domain/act-type.ts'
import { choice, column } from './column.ts'
import { capture, device, from, ino, limit, oneOf, position, positions, text, to } from './parameters.ts'
import { defineQuery } from './query.ts'
import { readEvents } from './read-events.ts'

export const events = defineQuery({
  name: 'events',
  summary: 'every event as traced, and what it turned out to be',
  parameters: {
    capture,
    ino,
    device: device.describe('device the event is about'),
    type: oneOf(ACT_TYPES).describe('only this kind of act'),
    name: text.describe('only events of this name'),
    from,
    to,
    after: position.describe('only events after this log position'),
    position: positions.describe('only events at these log positions, as `evidence` lists them: 12,15,19'),
    limit,
  },
  columns: [
    column('position', 'int64', 'log position, counted from 1 in the order of appending'),
    column('capture', 'int32', 'number of the capture'),
    column('seq', 'int64', 'number of the event in its capture, from 0'),
    column('line', 'int64', 'line in its capture, from 1'),
    column('ts_ns', 'int64', 'time, ns; ticks where the clock counts no time (counter, uptime, x86-tsc)'),
    column('cpu', 'int32', 'CPU', null),
    column('comm', 'dictionary', 'task'),
    column('pid', 'int32', 'its thread id', null),
    column('tgid', 'int32', 'its process id', null),
    choice('type', ACT_TYPES, 'kind of act; other where it means nothing here'),
    column('name', 'dictionary', 'event name as traced'),
    column('ino', 'uint64', 'inode number of the buffer', null),
    column('attachment', 'dictionary', 'pointer of the attachment', null),
    column('device', 'dictionary', 'device it is about', null),
    column('data', 'utf8', 'payload as traced'),
  ],
  example: { type: 'invalidate', limit: '10' },
  source: { kind: 'columns', read: readEvents },
})
