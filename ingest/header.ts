/** What header lines say about a capture; null where none said it. */
export interface HeaderFacts {
  tracer: string | null
  /** Name of the trace clock, as in `trace_clock`. */
  clock: string | null
  kernel: string | null
  /** Name of the host, and the id of its boot, as `/proc/sys/kernel/random/boot_id` gives it. */
  host: string | null
  bootId: string | null
  cpus: number | null
}

/** `# entries-in-buffer/entries-written: A/B   #P:n` (trace.c `print_event_info()`). */
export interface EntryCounts {
  inBuffer: bigint
  written: bigint
  cpus: number
}

const TRACER = /^# tracer: (\S+)/
const ENTRIES = /^# entries-in-buffer\/entries-written: (\d{1,20})\/(\d{1,20})(?:\s+#P:(\d{1,6}))?/
const LATENCY_ENTRIES = /^# latency: .*, #(\d{1,20})\/(\d{1,20}), .*#P:(\d{1,6})/
const KERNEL = /^# \S+ latency trace v\S+ on (\S+)/
const CLOCK = /^# clock(?:_type|id)?\s*[:=]\s*(\S+)/
/** perf script --header (header.c `perf_header__fprintf_info()`). */
const HOST = /^# hostname : (\S.*\S|\S)/
const RELEASE = /^# os release : (\S+)/
const CPUS = /^# nrcpus online : (\d{1,6})/

/** POSIX names, as other programs write them into a comment, and the kernel's own. */
const CLOCK_NAMES: Record<string, string> = {
  LINUX_CLOCK_MONOTONIC: 'mono',
  LINUX_CLOCK_MONOTONIC_RAW: 'mono_raw',
  LINUX_CLOCK_BOOTTIME: 'boot',
  LINUX_CLOCK_REALTIME: 'realtime',
  CLOCK_MONOTONIC: 'mono',
  CLOCK_MONOTONIC_RAW: 'mono_raw',
  CLOCK_BOOTTIME: 'boot',
  CLOCK_TAI: 'tai',
  monotonic: 'mono',
  monotonic_raw: 'mono_raw',
  boottime: 'boot',
}

/** Takes what one `#` line says into `facts`; returns the entry counts where it has some. */
export function readHeader(line: string, facts: HeaderFacts): EntryCounts | null {
  const tracer = TRACER.exec(line)
  if (tracer) facts.tracer ??= tracer[1]!
  const kernel = KERNEL.exec(line) ?? RELEASE.exec(line)
  if (kernel) facts.kernel ??= kernel[1]!
  const host = HOST.exec(line)
  // `(none)` is what uname says where no name was set.
  if (host && host[1] !== '(none)') facts.host ??= host[1]!
  const online = CPUS.exec(line)
  if (online) facts.cpus ??= Number(online[1])
  const clock = CLOCK.exec(line)
  if (clock) facts.clock ??= CLOCK_NAMES[clock[1]!] ?? clock[1]!
  const entries = ENTRIES.exec(line) ?? LATENCY_ENTRIES.exec(line)
  if (!entries) return null
  const cpus = Number(entries[3] ?? 0)
  if (cpus > 0) facts.cpus ??= cpus
  return { inBuffer: BigInt(entries[1]!), written: BigInt(entries[2]!), cpus }
}
