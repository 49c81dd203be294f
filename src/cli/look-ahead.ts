import { alignConsoleLog } from '../../ingest/align/align-console-log.ts'
import type { DetectedLayout } from '../../ingest/detect-layout.ts'
import { isKernelLogFormat, type KernelLogHead } from '../../ingest/kernel-log/detect-kernel-log.ts'
import type { Format as Layout } from '../../ingest/layout.ts'
import { type Content, spool } from '../log/content.ts'

export interface LookedAhead {
  content: Content
  format: Layout
  /** For the layout to begin with. */
  begin?: unknown
  /** Removes what was put aside to be read twice. */
  release(): void
}

const DUMP = Buffer.from('Dumping ftrace ')

/**
 * A kernel log may hold a dump of the trace buffer anywhere: it is read ahead, unless `given` names what alone is to be
 * read of it. A stream is put into a temporary file for that. Throws `LogError` `disk-full`.
 */
export async function lookAhead(
  content: Content,
  { format, begin }: DetectedLayout,
  given: Layout | undefined,
): Promise<LookedAhead> {
  const asItIs = { content, format, begin, release: () => {} }
  if (!isKernelLogFormat(format)) return asItIs
  if (given === 'dmesg' || given === 'ftrace-dump') return asItIs
  const head = begin as KernelLogHead['start']
  const spooled = content.seekable ? { content, remove: () => {} } : await spool(content)
  const kept = { content: spooled.content, release: spooled.remove }
  try {
    const open = () => spooled.content.open(0)
    if (format === 'dmesg' && !(await holds(open(), DUMP))) return { ...kept, format, begin: head }
    const log = await alignConsoleLog(open, head)
    const alone = format === 'ftrace-dump' && log.start.offset === null
    return { ...kept, format: alone ? format : log.format, begin: alone ? head : log.start }
  } catch (error) {
    spooled.remove()
    throw error
  }
}

async function holds(chunks: AsyncIterable<Buffer>, words: Buffer): Promise<boolean> {
  let tail = Buffer.alloc(0)
  for await (const chunk of chunks) {
    if (chunk.includes(words) || Buffer.concat([tail, chunk.subarray(0, words.length)]).includes(words)) return true
    tail = Buffer.from(chunk.subarray(-words.length))
  }
  return false
}
