/** A folder that looks like a tracefs to a shell script, with a `mkdir` and `rmdir` that make and remove instances in it. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface FakeTracefs {
  dir: string
  /** To be put before PATH. */
  bin: string
  read(path: string): string
  write(path: string, text: string): void
}

const NATIVE = [
  'dma_buf/dma_buf_export',
  'dma_buf/dma_buf_detach',
  'printk/console',
  'dma_fence/dma_fence_signaled',
  'iommu/map',
  'sched/sched_process_exit',
]

/** `probes` (`dbuf/dbuf_map`, …) are the events that an instance has once they are set. */
export function fakeTracefs(
  root: string,
  { instances, probes }: { instances: boolean; probes: readonly string[] },
): FakeTracefs {
  const dir = join(root, 'tracing')
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  const buffer = (at: string) => {
    write(join(at, 'trace'), '# tracer: nop\n')
    write(join(at, 'trace_clock'), '[local] global counter mono boot\n')
    write(join(at, 'buffer_size_kb'), '1408\n')
    write(join(at, 'tracing_on'), '1\n')
    write(join(at, 'options/hash-ptr'), '1\n')
    write(join(at, 'options/record-tgid'), '0\n')
    write(join(at, 'per_cpu/cpu0/stats'), 'entries: 0\n')
    write(join(at, 'set_event'), '')
    for (const event of NATIVE) write(join(at, 'events', event, 'enable'), '0\n')
    write(join(at, 'events/enable'), '0\n')
  }
  buffer(dir)
  write(join(dir, 'dynamic_events'), '')
  write(join(dir, 'error_log'), '')
  const template = join(root, 'template')
  buffer(template)
  for (const event of probes) write(join(template, 'events', event, 'enable'), '0\n')
  if (instances) mkdirSync(join(dir, 'instances'))
  const bin = join(root, 'bin')
  const instance = join(dir, 'instances/revenant')
  program(
    bin,
    'mkdir',
    `if [ "$1" = '${instance}' ]; then [ -d '${dirname(instance)}' ] && cp -r '${template}' "$1"; else exec /bin/mkdir "$@"; fi`,
  )
  program(bin, 'rmdir', `if [ "$1" = '${instance}' ]; then exec rm -r "$1"; else exec /bin/rmdir "$@"; fi`)
  program(bin, 'dmesg', 'echo the kernel log')
  return {
    dir,
    bin,
    read: (path) => readFileSync(join(dir, path), 'utf8'),
    write: (path, text) => write(join(dir, path), text),
  }
}

export function program(bin: string, name: string, body: string): void {
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`)
  chmodSync(join(bin, name), 0o755)
}
