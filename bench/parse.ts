/**
 * Parse-only speed: `node bench/parse.ts <trace> [runs]`. Prints one JSON line a run and the median, with the time that
 * counting line feeds in the same chunks takes as the yardstick.
 */
import { LF } from '../ingest/ascii.ts'
import { detectLayout } from '../ingest/detect-layout.ts'
import { readBatches } from '../ingest/read-batches.ts'
import { openSource, type Source } from '../ingest/sources.ts'
import { createTraceParser } from '../ingest/trace-parser.ts'

async function open(path: string): Promise<Source> {
  const source = await openSource(path)
  if (source.kind === 'refused') throw new Error(`${source.message} ${source.advice}`)
  return source
}

async function countLines(path: string): Promise<number> {
  const started = performance.now()
  for await (const chunk of (await open(path)).chunks) {
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1));
  }
  return performance.now() - started
}

async function parse(path: string) {
  const started = performance.now()
  const cpu = process.cpuUsage()
  const source = await open(path)
  const layout = detectLayout(source.head)
  if (layout.kind === 'refused') throw new Error(`${layout.message} ${layout.advice}`)
  const parser = createTraceParser({ format: layout.format })
  let bytes = 0
  for await (const batch of readBatches(source.chunks, parser, { recycle: true })) bytes += batch.bytes.length
  const { user, system } = process.cpuUsage(cpu)
  return { ms: performance.now() - started, cpuMs: (user + system) / 1000, bytes, ...parser.facts() }
}

const [path, runs = '5'] = process.argv.slice(2)
if (path === undefined) throw new Error('usage: node bench/parse.ts <trace> [runs]')
const all: number[] = []
for (let run = 0; run < Number(runs); run++) {
  const yardstick = await countLines(path)
  const { ms, cpuMs, bytes, lines, events, structural, malformed } = await parse(path)
  all.push(lines / ms / 1000)
  const rates = {
    millionLinesPerSecond: +(lines / ms / 1000).toFixed(2),
    megabytesPerSecond: Math.round(bytes / ms / 1000),
  }
  const times = { ms: Math.round(ms), cpuMs: Math.round(cpuMs), lineFeedsMs: Math.round(yardstick) }
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(JSON.stringify({ lines, events, structural, malformed, ...times, ...rates, peakMegabytes }))
}
all.sort((a, b) => a - b)
console.log(JSON.stringify({ medianMillionLinesPerSecond: +all[all.length >> 1]!.toFixed(2) }))
