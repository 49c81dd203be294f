import { LF } from '../ascii.ts'
import type { Format } from '../layout.ts'
import { isOfDump } from './ftrace-dump.ts'
import type { KernelLogStart } from './kernel-log.ts'
import type { LogStyle } from './log-clock.ts'
import { readLogPrefix } from './log-prefix.ts'

export type KernelLogFormat = Extract<Format, 'dmesg' | 'console-log' | 'ftrace-dump'>

/** What the first lines of an input show of a kernel log. */
export interface KernelLogHead {
  /** Lines of a kernel log or of a dump in it. */
  lines: number
  format: KernelLogFormat
  /** For the layout to begin with. */
  start: Pick<KernelLogStart, 'style' | 'named'>
}

const LINE_START = 512
/** Kernel log text is told without a stamp by who speaks: a driver and its device, or a subsystem that reports faults. */
const SPEAKERS =
  /^(?:\S+ [0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]: |(?:AMD-Vi|DMAR|dmar_fault|iommu|arm-smmu-v3|vfio-pci|pcieport|pciback|Linux version)[: ]|\[drm\] )/
const UNSTAMPED_SHARE = 5

export function isKernelLogFormat(format: Format): format is KernelLogFormat {
  return format === 'dmesg' || format === 'console-log' || format === 'ftrace-dump'
}

/**
 * Whole lines, the last one's line feed included; null where nothing of it is a kernel log. A dump without any printk
 * stamp in the file is a trace in the latency format, and no matter of this.
 */
export function detectKernelLog(bytes: Buffer): KernelLogHead | null {
  let [stamped, boot, named, dumped, bare, spoken, all] = [0, 0, 0, 0, 0, 0, 0]
  for (let p = 0; p < bytes.length; ) {
    const end = bytes.indexOf(LF, p)
    const text = bytes.toString('latin1', p, Math.min(end, p + LINE_START))
    const prefix = readLogPrefix(text)
    if (isOfDump(bytes, p + (prefix?.length ?? 0), end)) {
      if (prefix) dumped++
      else bare++
    } else if (prefix?.program === null) {
      stamped++
      if (prefix.boot !== null || prefix.delta !== null) boot++
      if (prefix.boot !== null && prefix.wall === null && prefix.host !== null) named++
    } else if (SPEAKERS.test(text)) spoken++
    if (text.trim() !== '') all++
    p = end + 1
  }
  const start = {
    style: (stamped + dumped === 0 ? 'lines' : boot > 0 || stamped === 0 ? 'boot' : 'wall') as LogStyle,
    named: named > 0,
  }
  if (stamped + dumped > 0) {
    const format = dumped + bare === 0 ? 'dmesg' : stamped === 0 ? 'ftrace-dump' : 'console-log'
    return { lines: stamped + dumped + bare, format, start }
  }
  return spoken * UNSTAMPED_SHARE >= all && spoken > 0 ? { lines: 0, format: 'dmesg', start } : null
}
