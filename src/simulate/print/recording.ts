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
  /** The whole text, line by line. */
  finish(): string[]
}

/** Longest burst of one CPU. */
const BURST = 40

/** What the ring buffers of all CPUs held when somebody read them, as text. */
export function createRecording(options: RecordingOptions): Recording {
  const { layout, vocabulary, records, begin, cpus, loss, random } = options
  const key = random.below(2 ** 32)
  const lines: string[] = []
  const owners: number[] = []
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
        lines.push(marker)
        owners.push(-1)
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
      const kept = loss.how === 'overwritten' && loss.share > 0 ? overwrite() : lines
      const events = kept.length - (kept === lines ? owners.filter((cpu) => cpu < 0).length : 0)
      return [...layout.header({ events, written: loss.how === 'overwritten' ? written : events, cpus }), ...kept]
    },
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
    for (const cpu of owners) if (cpu >= 0) total[cpu]!++
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
