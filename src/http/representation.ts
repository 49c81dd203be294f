/** Which representation a request asks for: by suffix, by `?format=`, or by `Accept`. */

import type { QueryResult } from '../../queries/run-query.ts'
import { writeArrow } from '../arrow/ipc-stream.ts'
import { writeCsv } from '../output/csv.ts'
import { writeJson, writeNdjson } from '../output/json.ts'

export interface Representation {
  /** Its name in `?format=`. */
  format: string
  suffix: string
  mediaType: string
  /** The whole `Content-Type`. */
  contentType: string
  write(result: QueryResult): Iterable<string | Uint8Array>
}

/** The first is given to those who accept anything. */
export const REPRESENTATIONS: readonly Representation[] = [
  entry('json', '.json', 'application/json', '', writeJson),
  entry('arrow', '.arrows', 'application/vnd.apache.arrow.stream', '', writeArrow),
  entry('ndjson', '.ndjson', 'application/x-ndjson', '', writeNdjson),
  entry('csv', '.csv', 'text/csv', '; charset=utf-8; header=present', writeCsv),
]

function entry(
  format: string,
  suffix: string,
  mediaType: string,
  parameters: string,
  write: Representation['write'],
): Representation {
  return { format, suffix, mediaType, contentType: mediaType + parameters, write }
}

/** `findings.arrows` → the query's name and the representation of its suffix. */
export function splitSuffix(name: string): { name: string; representation?: Representation } {
  const representation = REPRESENTATIONS.find(({ suffix }) => name.endsWith(suffix))
  return representation ? { name: name.slice(0, -representation.suffix.length), representation } : { name }
}

/** The best of `REPRESENTATIONS` for an `Accept` header (RFC 9110 §12.5.1); undefined where none will do. */
export function negotiate(accept: string | undefined): Representation | undefined {
  if (accept === undefined || accept.trim() === '') return REPRESENTATIONS[0]
  const ranges = accept.split(',').map(parseRange)
  let best: Representation | undefined
  let bestQuality = 0
  for (const representation of REPRESENTATIONS) {
    const quality = qualityOf(representation.mediaType, ranges)
    if (quality > bestQuality) {
      best = representation
      bestQuality = quality
    }
  }
  return best
}

interface Range {
  type: string
  quality: number
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const q = parameters.find((parameter) => parameter.startsWith('q='))
  const quality = q === undefined ? 1 : Number(q.slice(2))
  return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 }
}

/** The most specific range that fits decides. */
function qualityOf(mediaType: string, ranges: Range[]): number {
  const group = `${mediaType.split('/')[0]}/*`
  for (const type of [mediaType, group, '*/*']) {
    const range = ranges.find((candidate) => candidate.type === type)
    if (range) return range.quality
  }
  return 0
}
