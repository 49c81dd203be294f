import { report } from '../findings.ts'
import type { Importer } from '../importer-table.ts'
import { importerByAttacher, importerByCallback, isSharedAttacher } from '../importers.ts'
import type { Capability } from '../world/capability.ts'
import type { Attachment } from '../world/entities.ts'
import type { World } from '../world/world.ts'
import type { RuleModule } from './rule.ts'
import { bufferName } from './wording.ts'

/**
 * R17. One driver was accepted with one class, and later, for the same device, with another: what it can be told
 * depends on how it came to import.
 *
 * Traps: only classes that a probe showed count, and a pin makes no other importer of an unlisted one; one device can
 * serve several importers by design (memory regions and queues of RDMA), which is no change; two drivers of one device
 * are two importers: without the caller of attach it is not known whether they are one.
 */
export const capabilityChanged: RuleModule = {
  rule: 'capability-changed',
  on: {
    attached({ attachment }, world) {
      const { device } = attachment
      if (device === null) return
      const capability = world.capabilities.get(device) ?? begin(world, device)
      if (capability.unsettled.includes(attachment)) return
      settle(world, device, capability)
      if (attachment.attached?.seq === world.now.seq) capability.unsettled.push(attachment)
    },
    ended(_, world) {
      for (const [device, capability] of world.capabilities) settle(world, device, capability)
    },
  },
}

function begin({ capabilities }: World, device: string): Capability {
  const capability: Capability = { unsettled: [], latest: new Map(), told: new Set() }
  capabilities.set(device, capability)
  return capability
}

/** All that its records showed of an attachment is known when the next one begins: callers stand in the last of them. */
function settle(world: World, device: string, capability: Capability): void {
  for (const attachment of capability.unsettled.splice(0)) {
    const { basis, caller, callerModule: module } = attachment
    const shown = basis === 'declared' || basis === 'observed'
    if (!shown || attachment.class === 'unknown' || isSharedAttacher({ device: null, caller, module })) continue
    if (listedBy(attachment)?.shared) continue
    const driver = driverOf(attachment)
    compare(world, device, capability, driver, attachment)
    capability.latest.set(driver, attachment)
  }
}

function compare(world: World, device: string, capability: Capability, driver: string | null, after: Attachment): void {
  const { latest, told } = capability
  const same = latest.get(driver)
  if (driver !== null && same) {
    if (canHear(same) === canHear(after)) return
    return tell(world, device, told, same, after, null)
  }
  const unnamed = driver === null ? [...latest.values()] : [latest.get(null)]
  const before = newest(unnamed.filter((each) => each !== undefined))
  if (before && canHear(before) !== canHear(after)) tell(world, device, told, before, after, NO_CALLER)
}

const NO_CALLER = 'no event names the function that attached: it may have been another driver of the same device'

function newest(attachments: Attachment[]): Attachment | null {
  return attachments.reduce<Attachment | null>((late, each) => (late && late.id > each.id ? late : each), null)
}

/** The driver whose code attached, as its symbols prove it: of the DRM's, a device has one at a time. */
function driverOf(attachment: Attachment): string | null {
  const { caller, callerModule, device } = attachment
  const listed = listedBy(attachment) ?? importerByAttacher({ device, caller, module: callerModule }, null)
  return listed ? (listed.subsystem ?? listed.module ?? listed.name) : (callerModule ?? caller)
}

/** A pin tells `pinned-revocable` from `dynamic` where no table does. */
function canHear(attachment: Attachment): string {
  return attachment.callback !== null && listedBy(attachment) === null ? 'dynamic' : attachment.class
}

function listedBy({ callback }: Attachment): Importer | null {
  return callback === null ? null : importerByCallback(callback)
}

function tell(
  world: World,
  device: string,
  told: Set<string>,
  before: Attachment,
  after: Attachment,
  missing: string | null,
): void {
  const change = `${canHear(before)}>${canHear(after)}`
  if (told.has(change) || (missing && told.has(`${change}?`))) return
  told.add(missing ? `${change}?` : change)
  report(world, {
    rule: 'capability-changed',
    severity: 'info',
    at: after.attached!,
    // Not of one buffer: the two are mostly of different ones.
    importerDevice: device,
    importerClass: after.class,
    pid: after.pid,
    evidence: [before.attached, after.attached],
    missing,
    summary: `${device} was accepted as ${after.class} by ${bufferName(after.buffer)}, and before as ${before.class} by ${bufferName(before.buffer)}`,
  })
}
