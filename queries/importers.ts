import { sql } from 'kysely'
import { choice, column } from './column.ts'
import { capture, device, oneOf } from './parameters.ts'
import { defineQuery } from './query.ts'
import { BASES, CLASSES } from './vocabulary.ts'

/** Weakest first, so that the strongest has the greatest index. */
const WEAKEST_FIRST = [...BASES].reverse()

export const importers = defineQuery({
  name: 'importers',
  summary: 'what each importer can do about a revoke, and how fast it let go',
  parameters: {
    capture,
    device: device.describe('importer'),
    class: oneOf(CLASSES).describe('only importers of this class'),
  },
  columns: [
    column('capture', 'int32', 'number of the capture'),
    column('device', 'utf8', 'importing device', null),
    choice('class', CLASSES, 'what it can do about an invalidate'),
    column('deferred', 'bool', 'whether it unmaps later than in the callback; null until that was seen', null),
    column('callback', 'utf8', 'its invalidate_mappings function', null),
    column('p2p', 'bool', 'whether it takes peer-to-peer memory', null),
    choice('basis', BASES, 'how the class is known'),
    column('attachments', 'int32', 'successful attachments'),
    column('refused', 'int32', 'attaches that failed'),
    column('invalidations', 'int32', 'how often it was told to let go while it had something mapped'),
    column('unmap_p50_ns', 'int64', 'median time from notice (or drained fences) to the unmap, ns', null),
    column('unmap_max_ns', 'int64', 'longest such time, ns', null),
  ],
  example: { class: 'legacy' },
  source: {
    kind: 'sql',
    select: (db, p) =>
      db
        .with('latency', (cte) =>
          cte
            .selectFrom('mapping as m')
            .innerJoin('attachment as a', (on) =>
              on.onRef('a.capture', '=', 'm.capture').onRef('a.id', '=', 'm.attachment_id'),
            )
            .where('m.unmap_latency_ns', 'is not', null)
            .select(['a.capture', 'a.importer_device as device', 'a.class', 'a.callback', 'm.unmap_latency_ns as ns'])
            .select([
              sql<number>`row_number() OVER (PARTITION BY a.capture, a.importer_device, a.class, a.callback ORDER BY m.unmap_latency_ns)`.as(
                'rank',
              ),
              sql<number>`count(*) OVER (PARTITION BY a.capture, a.importer_device, a.class, a.callback)`.as('total'),
            ]),
        )
        .with('unmap', (cte) =>
          cte
            .selectFrom('latency')
            .groupBy(['capture', 'device', 'class', 'callback'])
            .select(['capture', 'device', 'class', 'callback'])
            .select([
              sql<bigint>`max(CASE WHEN rank = (total + 1) / 2 THEN ns END)`.as('p50'),
              sql<bigint>`max(ns)`.as('longest'),
            ]),
        )
        .selectFrom('attachment as a')
        .leftJoin('unmap as u', (on) =>
          on
            .onRef('u.capture', '=', 'a.capture')
            .on(sql<boolean>`u.device IS a.importer_device`)
            .onRef('u.class', '=', 'a.class')
            .on(sql<boolean>`u.callback IS a.callback`),
        )
        .$if(p.capture !== undefined, (q) => q.where('a.capture', '=', p.capture!))
        .$if(p.device !== undefined, (q) => q.where('a.importer_device', '=', p.device!))
        .$if(p.class !== undefined, (q) => q.where('a.class', '=', p.class!))
        .groupBy(['a.capture', 'a.importer_device', 'a.class', 'a.callback'])
        .select([
          'a.capture',
          'a.importer_device as device',
          'a.class',
          sql`max(a.deferred)`.as('deferred'),
          'a.callback',
          sql`max(a.p2p)`.as('p2p'),
          strongestBasis.as('basis'),
          sql`count(*) FILTER (WHERE a.refused_errno IS NULL)`.as('attachments'),
          sql`count(*) FILTER (WHERE a.refused_errno IS NOT NULL)`.as('refused'),
          sql`sum(a.invalidations)`.as('invalidations'),
          sql`max(u.p50)`.as('unmap_p50_ns'),
          sql`max(u.longest)`.as('unmap_max_ns'),
        ])
        .orderBy('a.capture')
        .orderBy('a.importer_device')
        .orderBy('a.class')
        .orderBy('a.callback'),
  },
})

const rank = sql`max(CASE a.basis ${sql.join(
  WEAKEST_FIRST.map((basis, i) => sql`WHEN ${sql.lit(basis)} THEN ${sql.lit(i)}`),
  sql` `,
)} END)`
const strongestBasis = sql<string>`CASE ${rank} ${sql.join(
  WEAKEST_FIRST.map((basis, i) => sql`WHEN ${sql.lit(i)} THEN ${sql.lit(basis)}`),
  sql` `,
)} ELSE 'unknown' END`
