import { describe, expect, it } from 'vitest'
import { console_, event, later, lost } from '../../support/printer.ts'
import { besides, finding, given, nothing } from '../../support/story.ts'
import {
  attached,
  detached,
  EXPORTER,
  exported,
  IMPORTER,
  invalidated,
  mapped,
  reset,
  revoked,
  unmapped,
} from '../../support/trace.ts'

const PORT = '0000:00:1c.0'
const RULE = 'device-lost-while-mapped'
const held = given(exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())
const fatal = (device = EXPORTER, flags = 'Malformed TLP') =>
  event('aer_event', `${device} PCIe Bus Error: severity=Fatal, ${flags}, TLP Header=Not available`)
const hotplug = (what = 'LINK_DOWN', port = PORT) => event('pci_hp_event', `${port} slot:1, event:${what}`)

describe(RULE, () => {
  it('is a fatal error of the exporter with a mapping live', async () => {
    await held
      .when(fatal())
      .judge(finding(RULE, { severity: 'error', ino: 1, importer: IMPORTER, evidence: ['dbuf_map', 'aer_event'] }))
  })

  it.each([
    `vfio-pci ${EXPORTER}: AER: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer, (Receiver ID)`,
    `pcieport ${PORT}: AER: Uncorrected (Fatal) error received: ${EXPORTER}`,
    `pcieport ${PORT}: AER: Multiple Uncorrectable (Fatal) error message received from ${EXPORTER}`,
    `pcieport ${PORT}: DPC: containment event, status:0x1f05, ERR_FATAL received from ${EXPORTER}`,
    `vfio-pci ${EXPORTER}: Unable to change power state from D3cold to D0, device inaccessible`,
    `nvme ${EXPORTER}: device lost, giving up`,
    `vfio-pci ${EXPORTER}: not ready 65535ms after bus reset; giving up`,
  ])('is told by the kernel log: %s', async (line) => {
    await held.when(console_(line)).judge(finding(RULE))
  })

  it('is one finding a mapping, however often the loss is told', async () => {
    const said = console_(`pcieport ${PORT}: AER: Uncorrected (Fatal) error received: ${EXPORTER}`)
    await held
      .when(fatal(), said, hotplug())
      .judge(finding(RULE, { evidence: ['dbuf_map', 'aer_event', 'console', 'pci_hp_event'] }))
  })

  it('is nothing for errors that lose no device', async () => {
    await held
      .when(
        event('aer_event', `${EXPORTER} PCIe Bus Error: severity=Corrected, Bad TLP, TLP Header=Not available`),
        event(
          'aer_event',
          `${EXPORTER} PCIe Bus Error: severity=Uncorrected, non-fatal, Completion Timeout, TLP Header=Not available`,
        ),
        console_(`pcieport ${PORT}: AER: Uncorrected (Non-Fatal) error received: ${EXPORTER}`),
        console_(`vfio-pci ${EXPORTER}: PCIe Bus Error: severity=Correctable, type=Physical Layer, (Receiver ID)`),
        console_(`pcieport ${PORT}: pciehp: Slot(1): Link Down/Up ignored (recovered by DPC)`),
        console_(`pcieport ${PORT}: pciehp: Slot(1): Link Up`),
        hotplug('LINK_UP'),
        event(
          'pcie_link_event',
          `${PORT} type:4, reason:5, cur_bus_speed:20, max_bus_speed:23, width:1, flit_mode:0, status:DLLLA`,
        ),
      )
      .judge(nothing(RULE))
  })

  it("is nothing where the importer's device is lost", async () => {
    await held.when(fatal(IMPORTER), console_(`virtio-pci ${IMPORTER}: device lost`)).judge(nothing(RULE))
  })

  it('is nothing once the mapping has gone', async () => {
    await held.when(revoked({}, unmapped()), fatal()).judge(nothing(RULE))
    await held.when(unmapped(), detached(), fatal()).judge(nothing(RULE))
  })

  it('is undetermined where only a port is named', async () => {
    await held
      .when(hotplug())
      .judge(finding(RULE, { missing: new RegExp(`no event says whether ${EXPORTER} is below the port ${PORT}`) }))
    await held.when(hotplug('CARD_NOT_PRESENT')).judge(finding(RULE, { missing: /below the port/ }))
  })

  it.each([
    ['the kernel log had said what is below it', console_(`pci ${PORT}: PCI bridge to [bus 01-02]`)],
    ['an error below it was told', console_(`pcieport ${PORT}: AER: Corrected error received: 0000:01:00.1`)],
  ])('is proved for a port where %s', async (_, said) => {
    await held.when(said, hotplug()).judge(finding(RULE))
    await held.when(said, console_(`pcieport ${PORT}: pciehp: Slot(1): Card not present`)).judge(finding(RULE))
    await held.when(said, fatal(PORT, 'Surprise Down Error')).judge(finding(RULE))
  })

  it('is nothing for a port that the device cannot be below', async () => {
    const buses = console_(`pci ${PORT}: PCI bridge to [bus 03-05]`)
    await held.when(buses, hotplug()).judge(nothing(RULE))
    await held.when(hotplug('LINK_DOWN', '0000:01:02.0'), hotplug('LINK_DOWN', '0001:00:1c.0')).judge(nothing(RULE))
  })

  it('is undetermined where nothing names the exporter', async () => {
    await held
      .without('vfiodb_feature')
      .when(fatal())
      .judge(finding(RULE, { missing: /no event names the device that exported/ }))
  })

  it('is undetermined across a loss of events', async () => {
    await held.when(lost(2), fatal()).judge(finding(RULE, { missing: /2 events lost/ }))
  })

  const others = besides('reset-while-mapped', 'reset-without-revoke')
  const gaveUp = console_(`vfio-pci ${EXPORTER}: not ready 65535ms after FLR; giving up`)

  it('is a reset that failed in the end', async () => {
    await held.when(reset('sysfs', { ret: -25 })).judge(nothing(RULE))
    await held.when(reset('sysfs', { ret: -110 }, later(65), gaveUp)).judge(finding(RULE), others)
  })

  it('is no FLR that gave up, where another method brought the device back', async () => {
    await held.when(reset('sysfs', { ret: 0 }, gaveUp)).judge(nothing(RULE), others)
  })

  it('is undetermined where only the kernel log tells how the reset went', async () => {
    const told = [
      console_(`vfio-pci ${EXPORTER}: resetting`),
      gaveUp,
      console_(`vfio-pci ${EXPORTER}: reset done`),
    ] as const
    await held.when(...told).judge(finding(RULE, { missing: /another method of reset/ }), others)
    await held.when(gaveUp).judge(finding(RULE, { missing: /another method of reset/ }))
  })
})

describe('the cause of a revocation in the wake of an error', () => {
  const causes = async (story: typeof held) => (await story.fold()).folded.revocations.map(({ cause }) => cause)
  const nonFatal = console_(`pcieport ${PORT}: AER: Uncorrected (Non-Fatal) error received: ${EXPORTER}`)
  const told = invalidated({}, unmapped())

  it('is ras where its exporter tells its importers during the recovery', async () => {
    expect(await causes(held.when(fatal(), told))).toEqual(['ras'])
    expect(await causes(held.when(nonFatal, told))).toEqual(['ras'])
  })

  it('stays what it is without an uncorrected error, for another device, after the recovery, or long after', async () => {
    const corrected = console_(`pcieport ${PORT}: AER: Corrected error received: ${EXPORTER}`)
    const recovered = console_(`pcieport ${PORT}: AER: device recovery successful`)
    for (const story of [
      held.when(corrected, told),
      held.when(fatal('0000:07:00.0'), told),
      held.when(fatal(), recovered, told),
      held.when(fatal(), later(11_000), told),
    ])
      expect(await causes(story)).not.toContain('ras')
  })

  it('is not ras where a user asked for the reset', async () => {
    expect(await causes(held.when(fatal(), revoked({}, unmapped()), reset()))).toEqual(['flr'])
  })
})
