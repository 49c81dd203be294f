import { choice, column } from './column.ts'
import { capture, device, from, ino, limit, oneOf, to } from './parameters.ts'
import { defineQuery } from './query.ts'
import { CLASSES } from './vocabulary.ts'

export const attachments = defineQuery({
  name: 'attachments',
  summary: 'every attachment, refused ones too',
  parameters: {
    capture,
    ino,
    device: device.describe('importer'),
    class: oneOf(CLASSES).describe('only importers of this class'),
    from,
    to,
    limit,
  },
  columns: [
    column('capture', 'int32', 'number of the capture'),
    column('ino', 'uint64', 'inode number of the buffer', null),
    column('attachment', 'utf8', 'pointer, as a probe or a native event showed it', null),
    column('importer_device', 'utf8', 'device that attached', null),
    choice('class', CLASSES, 'what the importer can do about an invalidate'),
    column('attached_ns', 'int64', 'attached, ns', null),
    column('detached_ns', 'int64', 'detached, ns', null),
    column('refused_errno', 'int32', 'positive errno where the attach failed', null),
    column('pinned', 'bool', 'whether it pinned the buffer', null),
  ],
  example: { class: 'legacy' },
  source: {
    kind: 'sql',
    select: (db, p) =>
      db
        .selectFrom('attachment')
        .select(['capture', 'ino', 'attachment', 'importer_device', 'class', 'attached_ns', 'detached_ns'])
        .select(['refused_errno', 'pinned'])
        .$if(p.capture !== undefined, (q) => q.where('capture', '=', p.capture!))
        .$if(p.ino !== undefined, (q) => q.where('ino', '=', p.ino!))
        .$if(p.device !== undefined, (q) => q.where('importer_device', '=', p.device!))
        .$if(p.class !== undefined, (q) => q.where('class', '=', p.class!))
        .$if(p.from !== undefined, (q) =>
          q.where((e) => e.or([e('detached_ns', 'is', null), e('detached_ns', '>=', p.from!)])),
        )
        .$if(p.to !== undefined, (q) =>
          q.where((e) => e.or([e('attached_ns', 'is', null), e('attached_ns', '<=', p.to!)])),
        )
        .orderBy('capture')
        .orderBy('id')
        .$if(p.limit !== undefined, (q) => q.limit(p.limit!)),
  },
})
