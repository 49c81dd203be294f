/** One trace as several files, as they are when CPUs or times of one recording are saved apart. */
import type { TraceLine } from './lines.ts'

const ENTRIES = /written: \d+\/\d+/

/** What `per_cpu/cpuN/trace` of the recording holds, each with a header that counts its own entries. */
export function splitByCpu(lines: readonly TraceLine[]): TraceLine[][] {
  const cpus = [...new Set(lines.flatMap(({ event }) => (event ? [event.cpu] : [])))].sort((a, b) => a - b)
  const { header, rest } = behead(lines)
  const owners = ownersOf(rest)
  return cpus.map((cpu) =>
    withHeader(
      header,
      rest.filter((_, i) => owners[i] === cpu),
    ),
  )
}

/** Two files, cut before a line: the second begins with a header of its own, or goes on where the first one ends. */
export function splitByTime(lines: readonly TraceLine[], at: number, second: 'header' | 'no header'): TraceLine[][] {
  if (second === 'no header') return [lines.slice(0, at), lines.slice(at)]
  const { header, rest } = behead(lines)
  const cut = at - header.length
  return [withHeader(header, rest.slice(0, cut)), withHeader(header, rest.slice(cut))]
}

/** Numbers of lines, spread over the trace, that a file can be cut before: both sides have events. */
export function cutsOf(lines: readonly TraceLine[], count: number): number[] {
  const places = lines.flatMap((line, i) => (line.event && lines[i - 1]?.event ? [i] : []))
  const step = Math.max(1, Math.floor(places.length / (count + 1)))
  return places.filter((_, i) => i > 0 && i % step === 0).slice(0, count)
}

/** Whether no time lies between the end of all files so far and the beginning of the next. */
export function isUnbroken(parts: readonly (readonly TraceLine[])[]): boolean {
  const spans = parts.map((lines) => lines.filter(({ event }) => event).map(({ text }) => timeOf(text)))
  const ordered = spans.filter(({ length }) => length > 0).sort((a, b) => a[0]! - b[0]!)
  return ordered.every(([first], i) => i === 0 || ordered.slice(0, i).some((before) => before.at(-1)! > first!))
}

function timeOf(text: string): number {
  return Number(/\s(\d+\.\d{6}): /.exec(text)?.[1])
}

function behead(lines: readonly TraceLine[]): { header: TraceLine[]; rest: TraceLine[] } {
  const first = lines.findIndex(({ text }) => !text.startsWith('#') || text.startsWith('##'))
  return { header: lines.slice(0, first), rest: lines.slice(first) }
}

function withHeader(header: readonly TraceLine[], own: readonly TraceLine[]): TraceLine[] {
  const count = own.filter(({ event }) => event).length
  const counted = header.map((line) => ({ ...line, text: line.text.replace(ENTRIES, `written: ${count}/${count}`) }))
  return [...counted, ...own]
}

/** The CPU of each line: markers name theirs, stack frames and further lines of a text follow their event. */
function ownersOf(lines: readonly TraceLine[]): number[] {
  let last = lines.find(({ event }) => event)?.event?.cpu ?? 0
  return lines.map(({ text, event }) => {
    if (event) last = event.cpu
    const marked = /^(?:CPU:|##### CPU )(\d+) /.exec(text)
    return marked ? Number(marked[1]) : last
  })
}
