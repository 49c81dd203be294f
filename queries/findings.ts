import { z } from 'zod'
import { OWN_PREFIX, type OwnRule, RULES, SEVERITIES } from '../src/domain/rules.ts'
import { choice, column } from './column.ts'
import { capture, device, from, ino, limit, oneOf, to } from './parameters.ts'
import { defineQuery, type Query } from './query.ts'
import { CLASSES, VERDICTS } from './vocabulary.ts'

const rule = z
  .string()
  .refine(
    (text) => (RULES as readonly string[]).includes(text) || text.startsWith(OWN_PREFIX),
    `is none of ${RULES.join(', ')}, nor ${OWN_PREFIX}… for one of your own`,
  )
  .optional()

export const findings = defineQuery({
  name: 'findings',
  summary: 'what the rules found, with the events that prove it',
  parameters: {
    capture,
    ino,
    device: device.describe('exporter or importer'),
    rule: rule.describe('only this rule'),
    severity: oneOf(SEVERITIES).describe('this severity or worse'),
    verdict: oneOf(VERDICTS).describe('only this verdict'),
    from,
    to,
    limit,
  },
  columns: [
    column('finding', 'utf8', 'stable name of the finding'),
    choice('rule', RULES, 'the rule that was broken'),
    choice('severity', SEVERITIES, 'critical, error, warning or info'),
    choice('verdict', VERDICTS, 'violated, or undetermined where the trace has a hole'),
    column('ts_ns', 'int64', 'when, ns', null),
    column('capture', 'int32', 'number of the capture'),
    column('ino', 'uint64', 'inode number of the buffer', null),
    column('exporter', 'utf8', 'exp_name of the buffer', null),
    column('exporter_device', 'utf8', 'device whose memory it is', null),
    column('importer_device', 'utf8', 'device that was attached', null),
    choice('importer_class', CLASSES, 'what the importer can do about an invalidate', null),
    column('attachment', 'utf8', 'pointer of the attachment', null),
    column('iova', 'uint64', 'device address', null),
    column('comm', 'utf8', 'task', null),
    column('pid', 'int32', 'its thread id', null),
    column('summary', 'utf8', 'one sentence'),
    column('evidence', 'int64-list', 'log positions of the events that prove it'),
    column('missing', 'utf8', 'what stands in the way of certainty', null),
  ],
  example: { severity: 'error' },
  source: {
    kind: 'sql',
    select: (db, p) =>
      db
        .selectFrom('finding')
        .select(['finding', 'rule', 'severity', 'verdict', 'ts_ns', 'capture', 'ino', 'exporter', 'exporter_device'])
        .select([
          'importer_device',
          'importer_class',
          'attachment',
          'iova',
          'comm',
          'pid',
          'summary',
          'evidence',
          'missing',
        ])
        .$if(p.capture !== undefined, (q) => q.where('capture', '=', p.capture!))
        .$if(p.ino !== undefined, (q) => q.where('ino', '=', p.ino!))
        .$if(p.device !== undefined, (q) =>
          q.where((e) => e.or([e('exporter_device', '=', p.device!), e('importer_device', '=', p.device!)])),
        )
        .$if(p.rule !== undefined, (q) => q.where('rule', '=', p.rule!))
        .$if(p.severity !== undefined, (q) =>
          q.where('severity', 'in', SEVERITIES.slice(0, SEVERITIES.indexOf(p.severity!) + 1)),
        )
        .$if(p.verdict !== undefined, (q) => q.where('verdict', '=', p.verdict!))
        .$if(p.from !== undefined, (q) => q.where('ts_ns', '>=', p.from!))
        .$if(p.to !== undefined, (q) => q.where('ts_ns', '<=', p.to!))
        .orderBy('capture')
        .orderBy('ts_ns')
        .orderBy('id')
        .$if(p.limit !== undefined, (q) => q.limit(p.limit!)),
  },
})

/** The query where findings of a user's rules are among the stored ones: what `rule` can be is known before the first row. */
export function findingsWith(own: readonly OwnRule[]): Query {
  const columns = findings.columns.map((one) =>
    one.name === 'rule' ? { ...one, vocabulary: [...(one.vocabulary ?? []), ...own] } : one,
  )
  return { ...findings, columns }
}
