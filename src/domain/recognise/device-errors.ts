import type { Act } from '../act.ts'
import { plainNumber } from './raw-fields.ts'

/**
 * What a device error means, `act.detail`: `link-down` and `card-gone` (of what is below the port `act.device`),
 * `surprise-down` (the same, as AER tells it), `fatal` and `uncorrected` (of the device itself), `fatal-source`,
 * `error-source` and `corrected-source` (port `act.state` tells of the device `act.device` below it), `recovered`, `gone` (the device no longer
 * answers). Null for what is no error: a link that comes up, a corrected error.
 */
const HOTPLUG: ReadonlyMap<string | null, string> = new Map([
  ['LINK_DOWN', 'link-down'],
  ['CARD_NOT_PRESENT', 'card-gone'],
  // Raw fields print the number: enum pci_hotplug_event
  ['1', 'link-down'],
  ['3', 'card-gone'],
])

/** include/trace/events/pci.h: `%s slot:%s, event:%s`, whose first field is the port; raw `port_name=… slot=… event=1`. */
function hotplug(payload: string, act: Act): void {
  const event = /(?:, event:| event=)(.*)/.exec(payload.trimEnd())?.[1] ?? null
  act.detail = HOTPLUG.get(plainNumber(event)) ?? null
}

/** Bit of `status` for an uncorrected error (include/uapi/linux/pci_regs.h PCI_ERR_UNC_SURPDN). */
const SURPRISE_DOWN = 0x20
const FATAL = '1'
const NON_FATAL = '0'

/** include/ras/ras_event.h: `%s %s Bus Error: severity=Fatal, <flags>, TLP Header=…`; raw `severity=1 status=0x20`. */
function aer(payload: string, act: Act): void {
  const said = / Bus Error: severity=(Fatal|Uncorrected, non-fatal),(.*)/.exec(payload)
  if (said) {
    if (said[2]!.includes('Surprise Down')) act.detail = 'surprise-down'
    else act.detail = said[1] === 'Fatal' ? 'fatal' : 'uncorrected'
    return
  }
  const severity = plainNumber(/ severity=(\S+(?: \(-?\d+\))?)/.exec(payload)?.[1] ?? null)
  const status = Number(/ status=(\S+)/.exec(payload)?.[1])
  if (severity !== FATAL && severity !== NON_FATAL) return
  if (status & SURPRISE_DOWN) act.detail = 'surprise-down'
  else act.detail = severity === FATAL ? 'fatal' : 'uncorrected'
}

/** The native events of `pci` and `ras`. `pcie_link_event` tells of speeds that were negotiated: no loss. */
export function recogniseDeviceError(name: string, payload: string, act: Act): void {
  if (name === 'pci_hp_event') hotplug(payload, act)
  else if (name === 'aer_event') aer(payload, act)
}

const BDF = '[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]'
// drivers/pci/pcie/aer.c aer_print_port_info(), drivers/pci/pcie/dpc.c dpc_process_error(); before 6.8 `error received: <device>`
const SOURCE = new RegExp(`^pcieport (\\S+): (?:AER|DPC): (.*)(?:received(?: from|:)|source:?) (${BDF})`)
// drivers/pci/hotplug/pciehp_ctrl.c pciehp_handle_presence_or_link_change(); "ignored" is a reset of the slot
const SLOT = new RegExp(
  `^(?:pcieport|pciehp) (${BDF})(?::pcie\\w+)?: (?:pciehp: )?Slot\\([^)]*\\): (Link Down|Card not present)$`,
)
// drivers/pci/pcie/aer.c aer_print_error(): the prefix came with 5.0, "Uncorrectable" with 6.9
const ERROR = new RegExp(
  `(?:^|\\s)\\S+ (${BDF}): (?:AER: )?PCIe Bus Error: severity=Uncorrect(?:ed|able) \\((Non-)?Fatal\\)`,
)
// drivers/pci/pcie/err.c pcie_do_recovery()
const RECOVERED = new RegExp(`^pcieport (${BDF}): (?:AER|DPC): (?:device|Device) recovery (?:successful|failed)`)
// drivers/pci/pci.c pci_power_up(); drivers say that a device is lost in words of their own
const GONE = new RegExp(
  `(?:^|\\s)\\S+ (${BDF}): (?:Unable to change power state from \\S+ to \\S+, device inaccessible|.*\\bdevice (?:is )?lost\\b)`,
  'i',
)
// drivers/pci/probe.c and setup-bus.c: which buses are below which bridge
const BRIDGE = new RegExp(`(?:^|\\s)\\S+ (${BDF}): PCI bridge to \\[bus ([0-9a-f]{2})(?:-([0-9a-f]{2}))?\\]`)

/** The same in lines of the kernel log. */
export function deviceErrorText(text: string, act: Act): void {
  const source = SOURCE.exec(text)
  if (source) return told(act, severityOf(source[2]!), source[3]!, source[1]!)
  const slot = SLOT.exec(text)
  if (slot) return told(act, slot[2] === 'Link Down' ? 'link-down' : 'card-gone', slot[1]!, slot[1]!)
  const recovered = RECOVERED.exec(text)
  if (recovered) return told(act, 'recovered', recovered[1]!, recovered[1]!)
  const error = ERROR.exec(text)
  if (error) return told(act, error[2] === undefined ? 'fatal' : 'uncorrected', error[1]!, null)
  const gone = GONE.exec(text)
  if (gone) return told(act, 'gone', gone[1]!, null)
  const bridge = BRIDGE.exec(text)
  if (!bridge) return
  act.detail = 'bridge'
  act.device = bridge[1]!
  act.state = `${bridge[2]}-${bridge[3] ?? bridge[2]}`
}

function severityOf(said: string): string {
  if (/\(Fatal\)|ERR_FATAL/.test(said)) return 'fatal-source'
  return /\bCorrect|ERR_COR/.test(said) ? 'corrected-source' : 'error-source'
}

function told(act: Act, detail: string, device: string, port: string | null): void {
  act.type = 'device-error'
  act.detail = detail
  act.device = device
  act.state = port
}
