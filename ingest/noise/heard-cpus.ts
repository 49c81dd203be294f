import type { LineHead } from '../line-head.ts'
import type { OpenBatch } from '../open-batch.ts'
import { timeOf } from '../scan-time.ts'

/**
 * What ignored events prove all the same: that their CPU was recording. A gap begins behind the last of them and ends
 * with the first, and the trace goes on to the very last.
 */
export interface HeardCpus {
  /** Takes an ignored event; the first of its CPU behind a gap is noted. */
  ignored(batch: OpenBatch, head: LineHead, offset: bigint, line: number): void
  /** To be called before a gap of a CPU is noted, null for all of them: notes how far that CPU was heard. */
  beforeGap(batch: OpenBatch, cpu: number | null, line: number): void
  /** Notes how far the trace goes. */
  end(batch: OpenBatch, line: number): void
  /** Plain JSON. */
  state(): HeardState
}

export interface HeardState {
  gaps: number
  /** CPU, time of its last ignored event, and how many gaps there were when it was noted. */
  cpus: [cpu: number, time: string, gaps: number][]
}

interface Heard {
  time: bigint
  gaps: number
}

export function createHeardCpus(from: HeardState = { gaps: 0, cpus: [] }): HeardCpus {
  const cpus = new Map(from.cpus.map(([cpu, time, gaps]): [number, Heard] => [cpu, { time: BigInt(time), gaps }]))
  let { gaps } = from

  function note(batch: OpenBatch, cpu: number, { time }: Heard, line: number): void {
    batch.notes.push({ kind: 'heard', line, cpu, time, beforeEvent: batch.count })
  }

  function latest(): [number, Heard] | null {
    let found: [number, Heard] | null = null
    for (const one of cpus) if (found === null || one[1].time > found[1].time) found = one
    return found
  }

  return {
    ignored(batch, head, offset, line) {
      const time = timeOf(head) + offset
      const known = cpus.get(head.cpu)
      if (!known) cpus.set(head.cpu, { time, gaps })
      else known.time = time
      const heard = known ?? cpus.get(head.cpu)!
      if (gaps === 0 || (known && heard.gaps === gaps)) return
      heard.gaps = gaps
      note(batch, head.cpu, heard, line)
    },
    beforeGap(batch, cpu, line) {
      gaps++
      const last = cpu === null ? latest() : cpus.has(cpu) ? ([cpu, cpus.get(cpu)!] as const) : null
      if (last) note(batch, last[0], last[1], line)
    },
    end(batch, line) {
      const last = latest()
      if (last) note(batch, last[0], last[1], line)
    },
    state: () => ({ gaps, cpus: [...cpus].map(([cpu, { time, gaps }]) => [cpu, String(time), gaps]) }),
  }
}
