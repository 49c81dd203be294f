/** Traces of which every number of a kind is another one, the same for the same: what happened is what it was. */
import type { TraceLine } from './lines.ts'

const PIDS = 2000
const INODES = 5000n
const BUSES = 8

/** Every task's pid, and every pid that a scheduler event names, but those of idle tasks. */
export function renumberPids(lines: readonly TraceLine[]): TraceLine[] {
  const other = (pid: string) => (Number(pid) === 0 ? pid : String(Number(pid) + PIDS))
  return mapEvents(lines, (text) =>
    text
      .replace(/^(.{16}-)(\d+)( *)/, (_, comm, pid, pad) => `${comm}${other(pid).padEnd(7)}${pad.slice(0, 1)}`)
      .replace(/^(.{16}-\d+\s+\()( *)(\d+)\)/, (_, head, _pad, tgid) => `${head}${other(tgid).padStart(7)})`)
      .replace(/\b((?:prev_|next_|child_|old_)?pid=)(\d+)/g, (_, field, pid) => `${field}${other(pid)}`),
  )
}

export function renumberInodes(lines: readonly TraceLine[]): TraceLine[] {
  return mapEvents(lines, (text) => text.replace(/\bino=(\d+)/g, (_, ino) => `ino=${BigInt(ino) + INODES}`))
}

export const formerInode = (ino: bigint | null): bigint | null => (ino === null ? null : ino - INODES)

const DEVICE = /\b([0-9a-f]{2})(:[0-9a-f]{2}\.[0-7])\b/g
const moveBus = (bus: string, by: number) => (Number.parseInt(bus, 16) + by).toString(16).padStart(2, '0')

/** Every PCI device on a bus with a greater number; which bus is below which stays. */
export function renameDevices(lines: readonly TraceLine[]): TraceLine[] {
  return mapEvents(lines, (text) =>
    text
      .replace(DEVICE, (_, bus, rest) => `${moveBus(bus, BUSES)}${rest}`)
      .replace(
        /\[bus ([0-9a-f]{2})-([0-9a-f]{2})\]/g,
        (_, from, to) => `[bus ${moveBus(from, BUSES)}-${moveBus(to, BUSES)}]`,
      ),
  )
}

export const formerDevice = (device: string | null): string | null =>
  device?.replace(DEVICE, (_, bus, rest) => `${moveBus(bus, -BUSES)}${rest}`) ?? null

function mapEvents(lines: readonly TraceLine[], change: (text: string) => string): TraceLine[] {
  return lines.map((line) => (line.event ? { ...line, text: change(line.text) } : line))
}
