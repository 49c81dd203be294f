import type { DeviceLoss } from '../world/device-loss.ts'
import type { Buffer, Reset } from '../world/entities.ts'
import type { World } from '../world/world.ts'
import type { Context } from './context.ts'
import { isBelow, isPort } from './pci-topology.ts'

/** AER, DPC, hotplug and drivers tell of errors (recognise/device-errors.ts); only some of them are the end of a device. */
export function onDeviceError(context: Context): void {
  const { world, act } = context
  const { device, state: port, detail } = act
  world.about.device = device
  if (device === null) return
  if (port !== null && detail?.endsWith('-source')) world.errorBelow.set(port, device)
  switch (detail) {
    case 'error-source':
    case 'uncorrected':
      world.troubled.set(device, world.now)
      return
    case 'fatal-source':
    case 'fatal':
      if (isPort(world, device)) return loseBelow(context, device, `the port ${device} told of a fatal error`)
      return lose(context, device, `${device} told of a fatal error`)
    case 'surprise-down':
      return loseBelow(context, device, `the link below the port ${device} went down by surprise`)
    case 'link-down':
      return loseBelow(context, device, `the link below the port ${device} went down`)
    case 'card-gone':
      return loseBelow(context, device, `the card below the port ${device} is gone`)
    case 'gone':
      return lose(context, device, `${device} no longer answers`)
    case 'recovered':
      for (const each of world.troubled.keys())
        if (each === device || isBelow(world, device, each) !== false) world.troubled.delete(each)
      return
    default:
  }
}

/** AER, DPC and the reset of a device take seconds; what an exporter does much later is not of that recovery. */
const RECOVERY = 10_000_000_000n

/** Whether the buffer's device is being recovered from an uncorrected error. */
export function isBeingRecovered({ troubled, ticks, now }: World, { exporterDevice }: Buffer): boolean {
  const since = exporterDevice === null ? undefined : troubled.get(exporterDevice)
  return since !== undefined && !ticks && now.ns - since.ns <= RECOVERY
}

function lose(context: Context, device: string, what: string): void {
  context.world.troubled.set(device, context.world.now)
  context.tell('device-lost', { loss: lossOf(context.world, device, what) })
}

/** Buffers of the device, and those of which no event says whose they are. */
function lossOf(world: World, device: string, what: string): DeviceLoss {
  const loss = begin(world, device, what)
  for (const buffer of world.buffersByDevice.get(device) ?? []) loss.live.push(...buffer.mappings)
  for (const buffer of world.homeless) if (!isImporterOf(buffer, device)) doubt(loss, buffer, HOMELESS)
  return loss
}

/** What is below the port is known only where something ties them. */
function loseBelow(context: Context, port: string, what: string): void {
  const { world } = context
  const loss = begin(world, port, what)
  for (const [device, buffers] of world.buffersByDevice) {
    const below = isBelow(world, port, device)
    if (below === false) continue
    if (below) world.troubled.set(device, world.now)
    for (const buffer of buffers) {
      if (below) loss.live.push(...buffer.mappings)
      else doubt(loss, buffer, `no event says whether ${device} is below the port ${port}`)
    }
  }
  for (const buffer of world.homeless) doubt(loss, buffer, HOMELESS)
  context.tell('device-lost', { loss })
}

const HOMELESS = 'no event names the device that exported this buffer'

function begin(world: World, device: string, what: string): DeviceLoss {
  return { device, at: world.now, what, live: [], doubtful: [], doubt: null }
}

function doubt(loss: DeviceLoss, buffer: Buffer, why: string): void {
  for (const mapping of buffer.mappings) loss.doubtful.push({ mapping, why })
}

function isImporterOf({ attachments }: Buffer, device: string): boolean {
  return [...attachments].some((attachment) => attachment.device === device)
}

/** Methods behind which `pci_reset_function()` tries others; the bus reset is its last. */
const ONE_OF_SEVERAL = /^(?:FLR|AF_FLR|PM)\b/

/** drivers/pci/pci.c `pci_dev_wait()` has given up: after one of several methods the next may still bring it back. */
export function giveUp({ world, act, tell }: Context, reset: Reset | null): void {
  if (act.device === null) return
  const loss = lossOf(world, act.device, `${act.device} was not ready ${act.size} ms after ${act.state}`)
  if (act.state !== null && !ONE_OF_SEVERAL.test(act.state)) return tell('device-lost', { loss })
  if (reset) {
    reset.loss = loss
    return
  }
  loss.doubt = ANOTHER_METHOD
  tell('device-lost', { loss })
}

const ANOTHER_METHOD = 'whether another method of reset brought it back is not in the trace'

/** The reset is over: "reset done" is printed however it went, what its function returned says whether the device is back. */
export function settleLoss({ tell }: Context, { loss, result }: Reset): void {
  if (!loss || result === 'ok') return
  if (result === null || result === 'timeout') loss.doubt = ANOTHER_METHOD
  tell('device-lost', { loss })
}
