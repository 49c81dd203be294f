import type { Format } from '../layout.ts'
import { readBufinfoLine } from './bufinfo-line.ts'
import { FDINFO_FIELD, FDINFO_GREP, FDINFO_PATH } from './scan-fdinfo.ts'
import { isAround } from './snapshot-event.ts'

/** A name on a line of its own, indented: what bufinfo prints of an attachment. */
const DEVICE = /^\s+\S+\s*$/
const PCI_DEVICE = /^\s+[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\s*$/

/** Which snapshot most of these lines are of, in an input that no trace's layout reads; null where they are of none. */
export function detectSnapshot(lines: readonly string[]): Format | null {
  const inside = lines.filter((line) => !isAround(line))
  const most = (count: number) => count * 2 > inside.length
  const read = inside.filter((line) => readBufinfoLine(line) !== null || PCI_DEVICE.test(line)).length
  const devices = read > 0 ? inside.filter((line) => DEVICE.test(line) && !PCI_DEVICE.test(line)).length : 0
  if (most(read + devices)) return 'bufinfo'
  const files = inside.filter((line) => FDINFO_PATH.test(line) || /^(?:pos|mnt_id|exp_name):\s/.test(line)).length
  const fields = inside.filter((line) => FDINFO_FIELD.test(line) || FDINFO_GREP.test(line) || FDINFO_PATH.test(line))
  return files > 0 && most(fields.length) ? 'fdinfo' : null
}
