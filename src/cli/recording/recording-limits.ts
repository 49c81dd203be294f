import type Database from 'better-sqlite3'
import type { Capture } from '../../log/captures.ts'
import { readCheckpoint } from '../../projection/store.ts'
import { count, many } from '../summary/quantity.ts'
import { LIMIT_WORDS, type WithoutTier, withoutTier } from '../summary/without-tier.ts'
import type { Survey } from './survey.ts'

/** What stands in the way of certainty in the trace as a whole, and how to be rid of it. */
export interface Limit {
  limit: 'gaps' | 'lost' | 'clock' | 'ticks' | 'hashed' | 'tgid' | 'older' | 'malformed' | 'order' | WithoutTier
  text: string
}

export function limitsOf(sqlite: Database.Database, capture: Capture, survey: Survey): Limit[] {
  const number = (sql: string) => Number(sqlite.prepare(sql).pluck().get(capture.capture) ?? 0)
  const gaps = number('SELECT count(*) FROM gap WHERE capture = ?')
  const older = number('SELECT count(*) FROM buffer WHERE capture = ? AND exported_ns IS NULL')
  const limits: [boolean, Limit['limit'], string][] = [
    [gaps > 0, 'gaps', `${many(gaps, 'gap')}: what rests on nothing having happened there stays undetermined`],
    [
      capture.lost > 0n,
      'lost',
      `${many(capture.lost, 'event')} known to be lost: give more --buffer-kb, or a lower --tier`,
    ],
    [capture.malformed > 0, 'malformed', `${many(capture.malformed, 'line')} not understood`],
    [!capture.ordered, 'order', 'time stamps run backwards: events are judged in the order of their times'],
    [
      capture.clock === null,
      'clock',
      'the clock is not known: times cannot be compared with dmesg; save trace_clock beside the trace',
    ],
    [capture.ticks, 'ticks', 'the clock counts no time: record with mono'],
    [
      survey.hashed > 0,
      'hashed',
      `${many(survey.hashed, 'native event')} with hashed pointers: set options/hash-ptr to 0, so that they can be told from probes' attachments`,
    ],
    [
      capture.events > 0 && survey.withTgid === 0,
      'tgid',
      'threads are not told from processes: set options/record-tgid to 1',
    ],
    [
      older > 0,
      'older',
      `${count(older)} ${older === 1 ? 'buffer is' : 'buffers are'} older than the trace: begin to record before the export`,
    ],
  ]
  const told = limits.filter(([is]) => is).map(([, limit, text]) => ({ limit, text }))
  if (readCheckpoint(sqlite, capture.capture)?.tier) return told
  const without = withoutTier(sqlite, capture)
  return [{ limit: without, text: LIMIT_WORDS[without] }, ...told]
}
