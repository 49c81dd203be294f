import type { KernelLogStart } from '../kernel-log/kernel-log.ts'
import { alignClocks, isNear, type ToldLine } from './anchors.ts'
import { readEvents } from './told-lines.ts'

type Chunks = AsyncIterable<Buffer> | Iterable<Buffer>

export interface ConsoleLog {
  /** What is to be read: a log whose dump is empty is a plain `dmesg`. */
  format: 'dmesg' | 'console-log'
  start: KernelLogStart
}

export interface LoggedLine extends ToldLine {
  line: number
}

/** Lines of the log that are the dump's, too: more than any trace buffer holds. */
const MOST_DUPLICATES = 262_144

/**
 * Reads a kernel log with an ftrace dump in it before it is ingested, two times: finds by how much the dump's clock
 * differs from the log's, and which lines both hold. Without a certain answer the dump alone is to be read.
 */
export async function alignConsoleLog(
  open: () => Chunks,
  head: Pick<KernelLogStart, 'style' | 'named'>,
): Promise<ConsoleLog> {
  const dump: ToldLine[] = []
  let events = 0
  for await (const event of eventsOf(open(), { ...head, log: false, dump: true })) {
    events++
    if (event.name === 'console') dump.push(event)
  }
  const both = { ...head, log: true, dump: true, offset: null, duplicates: [], alignment: null }
  if (events === 0) return { format: 'dmesg', start: { ...both, dump: false } }
  const texts = new Set(dump.map(({ text }) => text))
  const logged: LoggedLine[] = []
  const log = eventsOf(open(), { ...head, log: true, dump: false })
  const alignment = await alignClocks(dump, keeping(log, texts, logged))
  if (alignment.kind === 'refused' || logged.length > MOST_DUPLICATES) {
    const reason = alignment.kind === 'refused' ? alignment.reason : 'too many of them are in both'
    return { format: 'console-log', start: { ...both, log: false, alignment: reason } }
  }
  const { offset, anchors, spread } = alignment
  return {
    format: 'console-log',
    start: {
      ...both,
      offset: String(offset),
      duplicates: duplicatesOf(dump, logged, offset),
      alignment: `aligned with the log by ${anchors} lines that are in both: its times + ${offset / 1000n} us, within ${spread / 1000n} us`,
    },
  }
}

function eventsOf(chunks: Chunks, begin: Partial<KernelLogStart>) {
  return readEvents(chunks, { format: 'console-log', begin })
}

async function* keeping(
  log: AsyncIterable<LoggedLine>,
  texts: Set<string>,
  kept: LoggedLine[],
): AsyncGenerator<ToldLine> {
  for await (const told of log) {
    if (texts.has(told.text) && kept.length <= MOST_DUPLICATES) kept.push(told)
    yield told
  }
}

/**
 * Each event of the dump stands for one line of the log at most: the first near it in time that is not taken yet. Both in
 * the order of time, so that lines which say the same thousands of times are passed once.
 */
export function duplicatesOf(dump: readonly ToldLine[], logged: readonly LoggedLine[], offset: bigint): number[] {
  const byText = new Map<string, { lines: LoggedLine[]; next: number }>()
  for (const one of inOrder(logged)) {
    const same = byText.get(one.text)
    if (same) same.lines.push(one)
    else byText.set(one.text, { lines: [one], next: 0 })
  }
  const taken: number[] = []
  for (const { time, text } of inOrder(dump)) {
    const same = byText.get(text)
    if (!same) continue
    const { lines } = same
    const at = time + offset
    while (same.next < lines.length && lines[same.next]!.time < at && !isNear(lines[same.next]!.time, at)) same.next++
    const found = lines[same.next]
    if (!found || !isNear(found.time, at)) continue
    taken.push(found.line)
    same.next++
  }
  return taken.sort((a, b) => a - b)
}

function inOrder<Line extends ToldLine>(lines: readonly Line[]): Line[] {
  return [...lines].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
}
