import type { EvidenceName } from '../../domain/evidence/kinds.ts'
import { hashed } from '../kernel/addresses.ts'
import type { Fields, Machine, Point, Recorder, Thread } from '../kernel/machine.ts'
import type { Random } from '../random.ts'
import type { SimulatedLayout } from './layouts.ts'
import { NATIVE } from './native.ts'
import { head, type Vocabulary } from './probe.ts'

export interface RecordingOptions {
  layout: SimulatedLayout
  vocabulary: Vocabulary
  /** Whether what a point of this function, or a tracepoint, tells is recorded. */
  records: (what: { fn: string; returns: boolean } | { kind: EvidenceName }) => boolean
  /** Nanoseconds of the trace's clock when the simulation begins. */
  begin: bigint
  cpus: number
  /** Pointers of native events are hashed, as without `hash-ptr=0`. */
  hash: boolean
  loss: Loss
  /** Read from several CPUs at once, as trace_pipe does: each CPU's lines in order, one CPU's after the other's. */
  disorder: boolean
  /** How many captures the recording was saved in, one after the other. */
  captures: number
  random: Random
  now: () => number
}

/** How events are lost: in bursts that the kernel marks, or at the beginning, overwritten by what came later. */
export interface Loss {
  how: 'bursts' | 'overwritten'
  /** Of all events, 0 to 1. */
  share: number
}

export interface Recording extends Recorder {
  /** The text, line by line; in several captures, one after the other, where so many were asked for. */
  finish(): string[][]
}

/** Longest burst of one CPU. */
const BURST = 40
/** So many lines are read of all CPUs before the first is read again. */
const STRETCH = 64

/** What the ring buffers of all CPUs held when somebody read them, as text. */
export function createRecording(options: RecordingOptions): Recording {
  const { layout, vocabulary, records, begin, cpus, loss, random } = options
  const key = random.below(2 ** 32)
  const lines: string[] = []
  /** The CPU that each line is of, and whether it is a marker of a loss. */
  const owners: number[] = []
  const markers = new Set<number>()
  /** Of each CPU: how many events the burst still swallows, and how many it has. */
  const swallowing = new Array<number>(cpus).fill(0)
  const swallowed = new Array<number>(cpus).fill(0)
  let written = 0

  function put(thread: Thread, flags: string, group: string, event: string, text: string): void {
    const { cpu } = thread
    written++
    if (!swallows(cpu)) keep(thread, flags, group, event, text)
  }

  function keep(thread: Thread, flags: string, group: string, event: string, text: string): void {
    const { cpu } = thread
    if (swallowed[cpu]! > 0) {
      const marker = layout.lost(cpu, swallowed[cpu]!)
      if (marker !== null) {
        markers.add(lines.length)
        lines.push(marker)
        owners.push(cpu)
      }
      swallowed[cpu] = 0
    }
    lines.push(layout.line({ thread, cpu, flags, ns: begin + BigInt(Math.round(options.now())), group, event, text }))
    owners.push(cpu)
  }

  function swallows(cpu: number): boolean {
    if (loss.share === 0 || loss.how !== 'bursts') return false
    if (swallowing[cpu] === 0 && random.chance((loss.share * 2) / BURST)) swallowing[cpu] = 1 + random.below(BURST)
    if (swallowing[cpu] === 0) return false
    swallowing[cpu]!--
    swallowed[cpu]!++
    return true
  }

  return {
    point(thread, { fn, module, caller, fields }: Point) {
      const returns = caller !== undefined
      const probe = vocabulary[returns ? `${fn}%return` : fn]
      if (!probe || !records({ fn, returns })) return
      const text = probe.fields(fields)
      put(
        thread,
        returns ? '...1.' : '...2.',
        probe.group,
        probe.event,
        `${head(fn, module, caller)} ${text}`.trimEnd(),
      )
    },
    tracepoint(thread, name, fields: Fields) {
      const { kind, flags, print } = NATIVE[name]!
      if (!records({ kind })) return
      const at = name.indexOf(':')
      put(thread, flags, name.slice(0, at), name.slice(at + 1), print(withPrinted(fields)))
    },
    log(thread, text) {
      if (records({ kind: 'kernel-log' })) put(thread, 'd....', 'printk', 'console', text)
    },
    noise(thread) {
      swallowing[thread.cpu] = 0
      keep(
        thread,
        'd..2.',
        'sched',
        'sched_switch',
        `prev_comm=${thread.comm} prev_pid=${thread.pid} prev_prio=120 prev_state=S ==> next_comm=swapper/${thread.cpu} next_pid=0 next_prio=120`,
      )
    },
    finish() {
      const overwritten = loss.how === 'overwritten' && loss.share > 0
      const kept = overwritten ? overwrite() : options.disorder ? lineOrder().map((i) => lines[i]!) : lines
      const events = overwritten ? kept.length : kept.length - markers.size
      const size = Math.max(1, Math.ceil(kept.length / options.captures))
      return Array.from({ length: options.captures }, (_, i) => {
        const part = kept.slice(i * size, (i + 1) * size)
        const counts = options.captures > 1 ? part.length : events
        return [...layout.header({ events: counts, written: overwritten ? written : counts, cpus }), ...part]
      })
    },
  }

  /** Within a stretch of lines, one CPU's after the other's. */
  function lineOrder(): number[] {
    const order = lines.map((_, i) => i)
    const stretch = (i: number) => Math.floor(i / STRETCH)
    return order.sort((a, b) => stretch(a) - stretch(b) || owners[a]! - owners[b]! || a - b)
  }

  function withPrinted(fields: Fields): Fields {
    const { attach } = fields
    if (attach === undefined) return fields
    const pointer = String(attach)
    return { ...fields, printed: options.hash ? hashed(pointer, key) : pointer.slice(2) }
  }

  /** Each CPU's buffer begins somewhere else: trace.c test_cpu_buff_start() says where, but for the first. */
  function overwrite(): string[] {
    const total = new Array<number>(cpus).fill(0)
    for (const cpu of owners) total[cpu]!++
    const from = total.map((count) => Math.floor(count * loss.share * random.between(0.5, 1.5)))
    const seen = new Array<number>(cpus).fill(0)
    const started = new Set<number>()
    const kept: string[] = []
    for (const [i, line] of lines.entries()) {
      const cpu = owners[i]!
      if (seen[cpu]!++ < from[cpu]!) continue
      if (!started.has(cpu) && started.size > 0) kept.push(`##### CPU ${cpu} buffer started ####`)
      started.add(cpu)
      kept.push(line)
    }
    return kept
  }
}

/** A CPU that lost its last events would never say so: all of them speak once more before the trace is read. */
export function speakOnce(m: Machine): void {
  for (let cpu = 0; cpu < m.cpus; cpu++) m.recorder.noise({ comm: `swapper/${cpu}`, pid: 0, tgid: 0, cpu })
}
