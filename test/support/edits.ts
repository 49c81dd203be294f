/** Ways to change a trace that leave what happened as it was, or leave some of it out. */
import { isReturn, probedFunction, type TraceLine } from './lines.ts'

type EventOf = NonNullable<TraceLine['event']>

export interface Omission {
  name: string
  drops(event: EventOf): boolean
}

/** Every probe or tracepoint of the trace not having been set: each event name, each probed function, each kind. */
export function omissions(lines: readonly TraceLine[]): Omission[] {
  const events = lines.flatMap((line) => (line.event ? [line.event] : []))
  const names = [...new Set(events.map((event) => event.name))]
  const functions = [...new Set(events.map(probedFunction))].filter((fn) => !names.includes(fn))
  return [
    ...names.map((name) => ({ name: `event ${name}`, drops: (event: EventOf) => event.name === name })),
    ...functions.map((fn) => ({ name: `probes of ${fn}`, drops: (event: EventOf) => probedFunction(event) === fn })),
    { name: 'return probes', drops: isReturn },
    { name: 'entry probes', drops: (event) => event.payload.startsWith('(') && !isReturn(event) },
    { name: 'native events', drops: (event) => !event.payload.startsWith('(') },
    { name: 'all probes', drops: (event) => event.payload.startsWith('(') },
  ]
}

export function omit(lines: readonly TraceLine[], ...omitted: Omission[]): TraceLine[] {
  return lines.filter(({ event }) => !event || !omitted.some((omission) => omission.drops(event)))
}

/**
 * Takes `count` events of one CPU away from a line on and puts the kernel's marker where that CPU speaks again. Null
 * where it never does: the kernel prints the marker with the next event.
 */
export function lose(lines: readonly TraceLine[], from: number, count: number): TraceLine[] | null {
  const cpu = lines.slice(from).find((line) => line.event)?.event?.cpu
  const kept: TraceLine[] = []
  let dropped = 0
  let marked = false
  for (const [index, line] of lines.entries()) {
    if (index >= from && !marked && line.event?.cpu === cpu) {
      if (dropped < count) {
        dropped++
        continue
      }
      kept.push({ text: `CPU:${cpu} [LOST ${dropped} EVENTS]`, event: null })
      marked = true
    }
    kept.push(line)
  }
  return marked ? kept : null
}

/** Every time stamp later by so many whole seconds. */
export function shiftTime(lines: readonly TraceLine[], seconds: number): TraceLine[] {
  return mapText(lines, (text) =>
    text.replace(
      /(\s)( *)(\d+)(\.\d{6}: )/,
      (_, blank, pad, whole, rest) => `${blank}${pad}${Number(whole) + seconds}${rest}`,
    ),
  )
}

/** Every task's name another one of the same length. */
export function renameTasks(lines: readonly TraceLine[]): TraceLine[] {
  return lines.map((line) =>
    line.event
      ? { ...line, text: `${line.text.slice(0, 16).replace(/[a-z]/g, nextLetter)}${line.text.slice(16)}` }
      : line,
  )
}

function nextLetter(letter: string): string {
  return String.fromCharCode(97 + ((letter.charCodeAt(0) - 96) % 26))
}

/** Every kernel pointer another one, the same for the same; error pointers and symbols' addresses keep their meaning. */
export function relabelPointers(lines: readonly TraceLine[]): TraceLine[] {
  const names = new Map<string, string>()
  return mapText(lines, (text) =>
    text.replace(/(0x|attachment:)([0-9a-f]{16})\b/g, (printed, before, digits: string) => {
      if (digits.startsWith('ffffffff') || (before === '0x' && !digits.startsWith('ff'))) return printed
      const raw = digits.startsWith('ff')
      const other = names.get(digits) ?? `${raw ? 'ff77' : '0000'}${String(names.size).padStart(11, '0')}0`
      names.set(digits, other)
      return `${before}${other}`
    }),
  )
}

/** Events of no meaning here between all others. */
export function addNoise(lines: readonly TraceLine[]): TraceLine[] {
  return lines.flatMap((line) => {
    const time = /(\d+\.\d{6}): /.exec(line.text)?.[1]
    if (!line.event || !time) return [line]
    const cpu = String(line.event.cpu).padStart(3, '0')
    const payload = 'prev_comm=a prev_pid=1 prev_prio=120 prev_state=S ==> next_comm=b next_pid=2 next_prio=120'
    const text = `          <idle>-0       [${cpu}] d..2. ${time.padStart(12)}: sched_switch: ${payload}`
    return [line, { text, event: { cpu: line.event.cpu, name: 'sched_switch', payload } }]
  })
}

function mapText(lines: readonly TraceLine[], change: (text: string) => string): TraceLine[] {
  return lines.map((line) => (line.event ? { ...line, text: change(line.text) } : line))
}

/** Random numbers that a seed brings back (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A loss somewhere in the trace: mostly of a few events, now and then of many. */
export function randomLoss(lines: readonly TraceLine[], seed: number): TraceLine[] | null {
  const next = chance(seed * 7919)
  const events = lines.flatMap((line, index) => (line.event ? [index] : []))
  const from = events[Math.floor(next() * events.length)]!
  return lose(lines, from, 1 + Math.floor(next() ** 2 * (seed % 3 === 0 ? 60 : 6)))
}

/** What may be followed by lines of its own text, so that damage right behind it looks like more of that. */
const FREE_TEXT = new Set(['console', 'print', 'bprint', 'bputs', 'tracing_mark_write', 'bpf_trace_printk', '0'])

/** Some neighbouring events overwritten, as by a bad disk: their lines are there, what they said is not. */
export function randomDamage(lines: readonly TraceLine[], seed: number): TraceLine[] {
  const next = chance(seed * 6271)
  const places = lines.flatMap((line, index) => {
    const before = lines[index - 1]?.event
    return line.event && before && !FREE_TEXT.has(before.name) ? [index] : []
  })
  const from = places[Math.floor(next() * places.length)]!
  const until = from + 1 + Math.floor(next() * 4)
  return lines.map((line, index) =>
    line.event && index >= from && index < until ? { text: '@@ unreadable @@', event: null } : line,
  )
}
