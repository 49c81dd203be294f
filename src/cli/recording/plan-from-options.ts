/** From the flags of `record` to the plan of a recording. */
import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import { parseVersion } from '../../domain/kernel-version.ts'
import { type Btf, parseBtf } from '../../record/btf.ts'
import { btfLayout } from '../../record/btf-layout.ts'
import { kernelOf } from '../../record/kernel.ts'
import { type Plan, planRecording } from '../../record/plan.ts'
import type { StructLayout } from '../../record/struct-layout.ts'
import { readTarget, type TargetFacts } from '../../record/target.ts'
import { type RecordOptions, UsageError } from '../command.ts'

/** Throws `UsageError` for what cannot be used. */
export function planFromOptions(options: RecordOptions): Plan {
  const name = options.kernel ?? release()
  const version = parseVersion(name)
  if (!version) throw new UsageError(`record: --kernel ${name} is no version; give one such as 7.3 or 6.12.95-amd64`)
  const old = version.major < 6 || (version.major === 6 && version.minor < 1)
  // Distributions backport: the tracefs of such a kernel knows better.
  if (old && options.tracefs === undefined)
    throw new UsageError(
      `record: recipes are for Linux 6.1 and later, not ${name}; where dma-buf was backported, let its own files say what there is: --tracefs /sys/kernel/tracing; another machine's kernel is given with --kernel`,
    )
  const target = options.tracefs === undefined ? null : tracefs(options.tracefs)
  if (options.btf !== undefined && options.probes === 'fprobe')
    throw new UsageError('record: --btf is for kprobes; the kernel itself finds the fields of fprobes: leave it away')
  const layout = options.btf === undefined ? null : readLayout(options.btf)
  const kernel = kernelOf(name, version, target)
  if (options.probes === 'fprobe' && !kernel.fprobes)
    throw new UsageError(
      `record: Linux ${name} has no fprobes with fields by name (they came with 6.6); leave --probes away, or show with --tracefs that it has them`,
    )
  const plan = planRecording(kernel, {
    tier: options.tier,
    // Who gives offsets wants them used.
    probes: layout ? 'kprobe' : options.probes,
    layout,
    clock: options.clock,
    bufferKb: options.bufferKb,
    output: options.output,
  })
  if ('kind' in plan) throw new UsageError(`record: ${plan.why}`)
  return plan
}

function tracefs(dir: string): TargetFacts {
  const facts = readTarget(dir)
  if (facts) return facts
  const advice = 'give the folder of a tracefs, such as /sys/kernel/tracing, as a user who may read it'
  throw new UsageError(
    `record: --tracefs ${dir} has no available_filter_functions, available_events or README; ${advice}`,
  )
}

const VFIO = 'vfio_pci_core'

/** The kernel's structures, and those of vfio_pci_core where its BTF lies beside. */
function readLayout(path: string): StructLayout {
  const kernel = readBtf(path, null)
  const beside = join(dirname(path), VFIO)
  return btfLayout(existsSync(beside) ? readBtf(beside, kernel) : kernel, path)
}

function readBtf(path: string, base: Btf | null): Btf {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new UsageError(`record: --btf ${path} cannot be read: ${(error as Error).message}`)
  }
  const outcome = parseBtf(bytes, base)
  if (outcome.ok) return outcome.btf
  const advice = 'give raw BTF, such as /sys/kernel/btf/vmlinux'
  throw new UsageError(`record: --btf ${path} is no BTF of a kernel: ${outcome.why}; ${advice}`)
}
