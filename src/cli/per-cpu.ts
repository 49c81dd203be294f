/** `per_cpu/cpuN/trace` and its siblings: each holds the events of one CPU, and all of them together one recording. */
import { spool } from '../log/content.ts'
import type { CaptureOptions } from './ingest-options.ts'
import { mergeTraces } from './merge-traces.ts'
import type { OpenedTrace } from './open-trace.ts'

const PER_CPU = /^(?<before>.*\bper_cpu)\/cpu(?<cpu>\d{1,6})\/(?<file>trace(?:_pipe)?(?:\.\w+)*|snapshot(?:\.\w+)*)$/

/** Which recording the file is a part of, and of which CPU; null where its path says nothing of CPUs. */
export function perCpuPart(path: string): { recording: string; cpu: number } | null {
  const { before, cpu, file } = PER_CPU.exec(path)?.groups ?? {}
  return before === undefined ? null : { recording: `${before}/cpu*/${file}`, cpu: Number(cpu) }
}

interface Part {
  cpu: number
  trace: OpenedTrace
}

/** Traces of single CPUs, kept until all of them are known. */
export interface PerCpuParts {
  /** Takes the trace, and puts a stream aside; false where it is not of a single CPU. Throws `LogError` `disk-full`. */
  take(trace: OpenedTrace): Promise<boolean>
  /** The recordings, each in the order of its CPUs. */
  recordings(options: CaptureOptions): OpenedTrace[]
}

export function createPerCpuParts(): PerCpuParts {
  const recordings = new Map<string, Part[]>()
  return {
    async take(trace) {
      const part = perCpuPart(trace.path)
      if (part === null) return false
      const { recording, cpu } = part
      recordings.set(recording, [...(recordings.get(recording) ?? []), { cpu, trace: await lasting(trace) }])
      return true
    },
    recordings: (options) =>
      [...recordings].map(([path, parts]) => {
        const traces = parts.sort((a, b) => a.cpu - b.cpu).map(({ trace }) => trace)
        if (traces.length === 1) return traces[0]!
        const merged = mergeTraces(traces, { options, offsets: traces.map(() => 0n) })
        return { ...merged, path, content: { ...merged.content, name: nameOf(path, merged) } }
      }),
  }
}

/** As the members are called, without what tells them apart. */
function nameOf(path: string, { content }: OpenedTrace): string {
  const first = content.name.split(' + ')[0]!
  return first.includes('per_cpu/') ? `${first.slice(0, first.lastIndexOf('per_cpu/'))}per_cpu` : path
}

async function lasting(trace: OpenedTrace): Promise<OpenedTrace> {
  if (trace.content.seekable) return trace
  const { content, remove } = await spool(trace.content)
  const release = () => {
    remove()
    trace.release?.()
  }
  return { ...trace, content, release }
}
