/** One line of kernel `trace` text. `seq` is its rank among the events: ties in time keep the order of print. */
export interface TraceEvent {
  seq: number
  line: number
  at: bigint
  cpu: number
  comm: string
  pid: number
  tgid: number | null
  name: string
  /** The probed function of the head, `(fn+0x4/0x10)` or `(caller+0x4/0x10 <- fn)`; null where there is no head. */
  fn: string | null
  caller: string | null
  /** The module named in the head: of the caller at a return, of the function at an entry. */
  module: string | null
  fields: Map<string, string>
  /** The fields that are numbers of any size, decimal or `0x…`. */
  numbers: Map<string, bigint>
  rest: string
}

/** A stretch without evidence on one CPU: strictly between the events `after` and `before` (ranks). KERNEL.md R20. */
export interface Gap {
  cpu: number | null
  after: number
  before: number
  lost: number | null
  line: number
}

export interface Trace {
  events: TraceEvent[]
  /** The same by name, in order. */
  byName: Map<string, TraceEvent[]>
  gaps: Gap[]
}

/** KERNEL.md §5.1, `trace_print_context()`: the dash after the comm stands in byte column 16; else the shortest comm. */
const TAIL = String.raw`-(\d+)\s+(?:\(\s*([\d-]+)\)\s+)?\[(\d{3,})\]\s+(?:[A-Za-z0-9.#]{4,8}\s+)?(\d+)\.(\d{6,9}): ([^\s:]+): ?(.*)$`
const BY_COLUMN = new RegExp(`^(.{16})${TAIL}`)
const BY_SHORTEST = new RegExp(`^\\s*(.*?)${TAIL}`)
const LOST = /^CPU:(\d+) \[(?:LOST (?:(\d+) )?EVENTS|(?:(\d+) )?EVENTS DROPPED)\]/
const ENTRIES = /^#\s+entries-in-buffer\/entries-written:\s+(\d+)\/(\d+)/
const STARTED = /^##### CPU (\d+) buffer started ####/

export function readTrace(text: string): Trace {
  const events: TraceEvent[] = []
  const marks: { cpu: number; lost: number | null; line: number; seq: number }[] = []
  const started: { cpu: number; seq: number }[] = []
  let overwritten: { lost: number; line: number } | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const event = readEvent(line.replace(/\r$/, ''), index + 1, events.length)
    const lost = LOST.exec(line)
    const entries = ENTRIES.exec(line)
    const start = STARTED.exec(line)
    if (event) events.push(event)
    else if (lost) {
      const count = lost[2] ?? lost[3]
      marks.push({ cpu: Number(lost[1]), lost: count ? Number(count) : null, line: index + 1, seq: events.length })
    } else if (entries && Number(entries[1]) < Number(entries[2])) {
      overwritten = { lost: Number(entries[2]) - Number(entries[1]), line: index + 1 }
    } else if (start) started.push({ cpu: Number(start[1]), seq: events.length })
  }
  const gaps = marks.map(
    (mark): Gap => ({
      cpu: mark.cpu,
      after: events.findLast((e) => e.cpu === mark.cpu && e.seq < mark.seq)?.seq ?? -1,
      before: events.find((e) => e.cpu === mark.cpu && e.seq >= mark.seq)?.seq ?? events.length,
      lost: mark.lost,
      line: mark.line,
    }),
  )
  if (overwritten) {
    const first = started.map((s) => events.find((e) => e.cpu === s.cpu && e.seq >= s.seq)?.seq ?? events.length)
    gaps.unshift({ cpu: null, after: -1, before: Math.max(0, ...first), ...overwritten })
  }
  return { events, byName: Map.groupBy(events, (e) => e.name), gaps }
}

function readEvent(line: string, number: number, seq: number): TraceEvent | null {
  const match = BY_COLUMN.exec(line) ?? BY_SHORTEST.exec(line)
  if (!match) return null
  const [, comm, pid, tgid, cpu, seconds, fraction, name, payload] = match as unknown as string[]
  const head = /^\(([^)]*)\)\s*/.exec(payload!)
  const [first, second] = head ? head[1]!.split(' <- ') : []
  const module = head ? /\[([\w-]+)\]/.exec(head[1]!)?.[1] : undefined
  const rest = head ? payload!.slice(head[0].length) : payload!
  const fields = readFields(rest)
  return {
    seq,
    line: number,
    at: BigInt(seconds!) * 1_000_000_000n + BigInt(fraction!.padEnd(9, '0')),
    cpu: Number(cpu),
    comm: comm!.trim(),
    pid: Number(pid),
    tgid: tgid === undefined || tgid.startsWith('-') ? null : Number(tgid),
    name: name!,
    fn: head ? bare(second ?? first!) : null,
    caller: second === undefined ? null : bare(first!),
    module: module ?? null,
    fields,
    numbers: new Map(
      [...fields].flatMap(([key, value]) => (NUMBER.test(value) ? [[key, BigInt(value)] as const] : [])),
    ),
    rest,
  }
}

const NUMBER = /^(-?\d+|0x[0-9a-fA-F]+)$/
const bare = (symbol: string) => symbol.trim().replace(/[+\s].*$/, '')

/** KERNEL.md §5.6: `key=value`, split before the next key (or `attachment:HEX`), so that `symbol [module]` stays whole. */
function readFields(rest: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const match of rest.matchAll(/([A-Za-z_]\w*)=("[^"]*"|\{[^}]*\}|.*?)(?=\s+(?:[A-Za-z_]\w*=|attachment:)|\s*$)/g))
    if (!fields.has(match[1]!)) fields.set(match[1]!, match[2]!.replace(/^"(.*)"$/, '$1'))
  return fields
}

/** The events of these names, in order. */
export function named(trace: Trace, ...names: string[]): TraceEvent[] {
  const found = names.flatMap((name) => trace.byName.get(name) ?? [])
  return names.length > 1 ? found.sort((a, b) => a.seq - b.seq) : found
}

/** A field as text; null where it is not there. */
export function text(event: TraceEvent, key: string): string | null {
  return event.fields.get(key) ?? null
}

/** A field as a number; null where it is none. */
export function number(event: TraceEvent, key: string): bigint | null {
  return event.numbers.get(key) ?? null
}

/** KERNEL.md §4.3: a pointer that is no object, null or `ERR_PTR`. */
export function isError(pointer: bigint | null): boolean {
  return pointer === null || pointer === 0n || pointer >= 0xfffffffffffff001n
}

/** The errno of `ret`, signed or as the kernel prints an `ERR_PTR`; 0 for success. */
export function errno(value: bigint | null): number {
  if (value === null) return 0
  const signed = value >= 1n << 63n ? value - (1n << 64n) : value
  return signed < 0n && signed > -4096n ? Number(-signed) : 0
}

/** Whether events may be missing between two ranks: then nothing there may be concluded from absence. */
export function mayMiss(trace: Trace, from: number, to: number): boolean {
  return trace.gaps.some((gap) => gap.after < to && gap.before > from)
}
