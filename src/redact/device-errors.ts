const HOTPLUG = /^ slot:(?:(\d{1,9})|.*), event:(LINK_UP|LINK_DOWN|CARD_PRESENT|CARD_NOT_PRESENT)\s*$/
const AER = /^ PCIe Bus Error: severity=(Fatal|Uncorrected, non-fatal|Corrected),(.*)$/

/** What rules read of `pci:pci_hp_event` and `ras:aer_event` behind the device; null for other text. */
export function redactDeviceError(rest: string): string | null {
  const hotplug = HOTPLUG.exec(rest)
  if (hotplug) return ` slot:${hotplug[1] ?? 1}, event:${hotplug[2]}`
  const aer = AER.exec(rest)
  if (!aer) return null
  return ` PCIe Bus Error: severity=${aer[1]}, ${aer[2]!.includes('Surprise Down') ? 'Surprise Down Error' : 'error'}`
}
