import { sql } from 'kysely'
import { IMPORTERS } from '../src/domain/importer-table.ts'
import { choice, column } from './column.ts'
import { capture, device, oneOf, text } from './parameters.ts'
import { defineQuery } from './query.ts'
import { CLASSES } from './vocabulary.ts'

const PEER_TO_PEER = IMPORTERS.flatMap(({ callback, p2p, class: importer }) =>
  callback !== null && p2p && importer !== 'pinned' ? [callback] : [],
)
/** Exporters that clear `attach->peer2peer` themselves where two devices cannot reach each other. */
const CLEARING = ['drm']

/**
 * VFIO's test of an attach (KERNEL.md §1.4): the importer takes peer-to-peer memory, and then, it has the callback. 1
 * where it would refuse, 0 where it would not, null where the trace does not say. A probe shows `peer2peer` as the
 * exporter left it: a zero is the importer's own word only where the exporter does not clear it.
 */
const wouldRefuse = sql<number>`CASE
  WHEN a.class IN ('legacy', 'pinned') THEN 1
  WHEN a.callback IN (${sql.join(PEER_TO_PEER.map((callback) => sql.lit(callback)))}) THEN 0
  WHEN a.p2p = 0 AND coalesce(b.exporter, 'drm') NOT IN (${sql.join(CLEARING.map((name) => sql.lit(name)))}) THEN 1
  WHEN a.p2p = 1 AND a.class <> 'unknown' THEN 0
END`

export const matrix = defineQuery({
  name: 'matrix',
  summary:
    'which exporters send invalidations to importers that cannot honour them, and which attachments a strict exporter would refuse',
  parameters: {
    capture,
    exporter: text.describe('exp_name of the buffers'),
    class: oneOf(CLASSES).describe('only importers of this class'),
    device: device.describe('importer'),
  },
  columns: [
    column('exporter', 'utf8', 'exp_name of the buffers', null),
    choice('importer_class', CLASSES, 'what the importer can do about an invalidate'),
    column('importer_device', 'utf8', 'importing device', null),
    column('attachments', 'int32', 'attaches that succeeded'),
    column('refused', 'int32', 'attaches that failed, for whatever reason'),
    column('invalidations_while_mapped', 'int32', 'how often they were told to let go while they had something mapped'),
    column(
      'would_be_refused',
      'int32',
      "of `attachments`, those that VFIO's test would refuse: no peer-to-peer, or no callback; null where the trace does not say it of all",
      null,
    ),
    column('undecided', 'int32', 'of `attachments`, those of which the trace does not say whether it would'),
    column('captures', 'int32', 'in how many captures'),
  ],
  example: { exporter: 'vfio_pci_core' },
  source: {
    kind: 'sql',
    select: (db, p) =>
      db
        .selectFrom('attachment as a')
        .leftJoin('buffer as b', (on) => on.onRef('b.capture', '=', 'a.capture').onRef('b.id', '=', 'a.buffer'))
        .$if(p.capture !== undefined, (q) => q.where('a.capture', '=', p.capture!))
        .$if(p.exporter !== undefined, (q) => q.where('b.exporter', '=', p.exporter!))
        .$if(p.class !== undefined, (q) => q.where('a.class', '=', p.class!))
        .$if(p.device !== undefined, (q) => q.where('a.importer_device', '=', p.device!))
        .groupBy(['b.exporter', 'a.class', 'a.importer_device'])
        .select([
          'b.exporter',
          'a.class as importer_class',
          'a.importer_device',
          sql<number>`count(*) FILTER (WHERE a.refused_errno IS NULL)`.as('attachments'),
          sql<number>`count(*) FILTER (WHERE a.refused_errno IS NOT NULL)`.as('refused'),
          sql<number>`sum(a.invalidations)`.as('invalidations_while_mapped'),
          sql<
            number | null
          >`CASE WHEN ${undecided} = 0 THEN count(*) FILTER (WHERE a.refused_errno IS NULL AND ${wouldRefuse} = 1) END`.as(
            'would_be_refused',
          ),
          undecided.as('undecided'),
          sql<number>`count(DISTINCT a.capture)`.as('captures'),
        ])
        .orderBy('b.exporter')
        .orderBy('a.class')
        .orderBy('a.importer_device'),
  },
})

const undecided = sql<number>`count(*) FILTER (WHERE a.refused_errno IS NULL AND ${wouldRefuse} IS NULL)`
