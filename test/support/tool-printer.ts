/** Kernel trace text as trace-cmd report and perf script print the same records. */
import { readEventName } from '../../src/domain/recognise/event-name.ts'
import type { TraceLine } from './lines.ts'

const CONTEXT = /^(.{16,}?)-(\d+) +\[(\d{3})\] (?:(\S{5}) )? *(\d+\.\d{6}): ([^\s:]+): ?(.*)$/

const GROUPS = ['dma_buf', 'dma_fence', 'dma', 'iommu', 'printk', 'pci', 'ras', 'sched', 'task', 'ftrace']

/** `group:event`, in the group where the kernel has such an event, unless the payload shows it to be a probe. */
function withGroup(name: string, payload: string): string {
  const group = payload.startsWith('(')
    ? undefined
    : GROUPS.find((one) => readEventName(`${one}:${name}`).native !== null)
  return `${group ?? 'somebody'}:${name}`
}

/** A function's address: any, but always the same. */
function addressOf(fn: string): string {
  let hash = 7
  for (const letter of fn.replace(/\+0x.*/, '')) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0
  return `ffffffff${hash.toString(16).padStart(8, '0')}`
}

/** `(sym+0x4/0x10 [mod])` → `(ffffffff…)`, `(caller+0x47/0x80 <- fn)` → `(ffffffff… <- ffffffff…)`, the function first. */
export function withBareHead(payload: string): string {
  return payload.replace(/^\(([^)]*?)(?: <- (\S+))?\)(?= |$)/, (head, first, fn) => {
    if (/^[\w]+\.\w+$/.test(first)) return head
    return fn === undefined ? `(${addressOf(first)})` : `(${addressOf(fn)} <- ${addressOf(`${first}!`)})`
  })
}

type Print = (line: RegExpExecArray) => string

export const asTraceCmd =
  (payloadOf = (payload: string) => payload): Print =>
  ([, comm, pid, cpu, flags, time, name, payload]) =>
    `${comm}-${pid!.padEnd(5)} [${cpu}] ${flags ?? '.....'} ${time!.padStart(12)}: ${`${name}: `.padEnd(22)}${payloadOf(payload!)}`

export const asPerfScript =
  (payloadOf = (payload: string) => payload): Print =>
  ([, comm, pid, cpu, , time, name, payload]) =>
    `${comm} ${pid!.padStart(7)} [${cpu}] ${time!.padStart(12)}: ${withGroup(name!, payload!).padStart(30)}: ${payloadOf(payload!)}`

/** The trace printed anew; without its header, which neither tool prints. */
export function reprint(lines: readonly TraceLine[], print: Print): Buffer {
  const printed = lines.flatMap(({ text }) => {
    const found = CONTEXT.exec(text)
    return found ? [print(found)] : text.startsWith('#') ? [] : [text]
  })
  return Buffer.from(`${printed.join('\n')}\n`, 'latin1')
}
