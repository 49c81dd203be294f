import { u64 } from '../recognise/pointer.ts'
import type { Buffer } from '../world/entities.ts'
import type { Splat } from '../world/splat.ts'
import type { Call, Task } from '../world/task.ts'
import { addGap, FAULTS_LIMITED } from '../world/window.ts'
import type { World } from '../world/world.ts'
import type { Context } from './context.ts'
import { directionName } from './mappings.ts'
import { noteBridge } from './pci-topology.ts'

/** An IOMMU fault, told by the kernel log or `iommu:io_page_fault` some time after the access. */
export function onFault(context: Context): void {
  const { world, act } = context
  const address = u64(act.iova)
  if (act.device === null || address === null) return
  world.about.device = act.device
  world.faulted = world.now.ns
  context.tell('access', { device: act.device, address, direction: act.direction, exact: false, at: world.now })
}

/** lib/ratelimit.c `___ratelimit()`: so many faults since the last one were not printed. */
function onSuppressed(context: Context): void {
  const { world, act } = context
  const gap = addGap(world.window, {
    cpu: null,
    from: world.faulted ?? world.window.first,
    to: world.now.ns,
    lost: u64(act.size),
    reason: FAULTS_LIMITED,
    faults: true,
    seq: world.now.seq,
  })
  world.changed.gaps.push(gap.id)
  context.tell('gap', { gap })
}

/** An access that the user's recogniser file declares: told when it happens. */
export function onAccess(context: Context): void {
  const { world, act } = context
  const address = u64(act.iova)
  if (act.device === null || address === null) return
  world.about.device = act.device
  const direction = directionName(act.direction)
  // dma_data_direction names what the device does to memory: TO_DEVICE is a read by the device.
  const access = direction === 'TO_DEVICE' ? 'read' : direction === 'FROM_DEVICE' ? 'write' : null
  context.tell('access', { device: act.device, address, direction: access, exact: true, at: world.now })
}

/** Text that makes a splat one about buffers, devices or mappings, and not somebody else's. */
const RELEVANT = /dma[-_](?:buf|resv|fence)|vfio|iommu|iova|drm_gem_|_prime_|pci_reset|pcie_flr/

/** "cut here" opens a splat; lines of the same thread belong to it until "end trace". */
export function onConsole(context: Context): void {
  const { act, task } = context
  const text = act.text ?? ''
  if (task.splat?.lone && !goesOn(context.world, task.splat)) endSplat(context, task)
  const open = task.splat
  if (act.detail === 'faults-suppressed') return onSuppressed(context)
  if (act.detail === 'bridge') noteBridge(context)
  if (act.detail === 'cut-here') {
    endSplat(context, task)
    task.splat = beginSplat(context)
    return
  }
  if (!open) {
    if (act.detail !== 'oops' && act.detail !== 'warning') return
    task.splat = beginSplat(context)
    readLine(task.splat, text)
    // Without "cut here" nothing says where it ends: an oops runs to its "end trace", a lone warning as long as its
    // thread says nothing else.
    task.splat.lone = act.detail === 'warning'
    return
  }
  if (open.lines.length < MOST_LINES) open.lines.push(context.world.now)
  readLine(open, text)
  if (act.detail === 'end-trace') endSplat(context, task)
}

const MOST_LINES = 4096

/** The lines of one warning are printed in one go. */
const ONE_GO = 1_000_000n

function goesOn({ now }: World, { lines }: Splat): boolean {
  return now.ns - lines.at(-1)!.ns <= ONE_GO
}

function beginSplat({ world, task }: Context): Splat {
  const call = task.calls.at(-1) ?? null
  const inside = call !== null && world.returning.has(call.fn)
  return {
    began: world.now,
    lines: [world.now],
    headline: null,
    lone: false,
    relevant: inside,
    buffer: inside ? bufferOf(call) : null,
    maybeWithin: inside ? null : call,
    comm: world.record.comm,
    pid: world.record.pid,
  }
}

function bufferOf(call: Call): Buffer | null {
  return call.buffer ?? call.mapping?.buffer ?? call.attachment?.buffer ?? null
}

function readLine(splat: Splat, text: string): void {
  if (splat.headline === null && text.trim() !== '') splat.headline = text.trim()
  if (splat.maybeWithin && text.includes(`${splat.maybeWithin.fn}+0x`)) {
    splat.relevant = true
    splat.buffer = bufferOf(splat.maybeWithin)
    splat.maybeWithin = null
  }
  // The list of loaded modules names everybody.
  if (!splat.relevant && /\+0x|^WARNING|^BUG|^kernel BUG/.test(text)) splat.relevant = RELEVANT.test(text)
}

export function endSplat(context: Context, task: Task): void {
  const { splat } = task
  if (!splat) return
  task.splat = null
  context.tell('splat', { splat })
}
