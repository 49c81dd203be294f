/** KERNEL.md §4.1: which errors are the end of a device or of all below a port, and what an exporter does for that. */
import { describe, expect, it } from 'vitest'
import { console_, event, later, type Step } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import { attached, exported, invalidated, mapped, unmapped } from '../../support/trace.ts'

const PORT = '0000:00:1c.0'
const DEVICE = '0000:01:00.0'
const RULE = 'device-lost-while-mapped'
const bridge = console_(`pci ${PORT}: PCI bridge to [bus 01-02]`)
const aer = (device: string, severity: string, flags = 'Malformed TLP') =>
  event('aer_event', `${device} PCIe Bus Error: severity=${severity}, ${flags}, TLP Header=Not available`)
const unwell = (device = DEVICE) => aer(device, 'Uncorrected, non-fatal', 'Completion Timeout')
const recovered = (port = PORT) => console_(`pcieport ${port}: AER: device recovery successful`)

describe('a fatal error of a port', () => {
  const held = given(bridge, exported(), attached(), mapped({ sgt: 9 }), unmapped({ sgt: 9 }), mapped())

  it('is the end of what is below it', async () => {
    await held.when(aer(PORT, 'Fatal')).judge(finding(RULE, { summary: /the port 0000:00:1c.0 told of a fatal error/ }))
  })

  it('is so, too, where another port tells of it', async () => {
    const root = console_(`pcieport 0000:00:00.0: AER: Uncorrected (Fatal) error received: ${PORT}`)
    await held.when(root).judge(finding(RULE, { summary: /the port 0000:00:1c.0 told of a fatal error/ }))
  })

  it('that its link went down by surprise is said as such', async () => {
    await held.when(aer(PORT, 'Fatal', 'Surprise Down')).judge(finding(RULE, { summary: /went down by surprise/ }))
    const hotplug = event('pci_hp_event', `${PORT} slot:1, event:LINK_DOWN`)
    await held.when(hotplug).judge(finding(RULE, { summary: /below the port 0000:00:1c.0 went down$/ }))
  })

  it('of another bus is not', async () => {
    await held.when(aer('0000:00:1d.0', 'Fatal')).judge(nothing(RULE))
  })
})

describe('an exporter that tells its importers', () => {
  const causes = async (...steps: Step[]) => {
    const { folded } = await given(bridge, exported(), attached(), mapped(), ...steps).fold()
    return folded.revocations.map(({ cause }) => cause)
  }
  const tells = invalidated({}, unmapped())

  it.each([
    ['does so for nothing that is known', [], 'unknown'],
    ['of an error of its device does so for that', [unwell()], 'ras'],
    ['of a fatal error of its device', [aer(DEVICE, 'Fatal')], 'ras'],
    [
      'of an error that its port told of',
      [console_(`pcieport ${PORT}: AER: Uncorrected (Non-Fatal) error received: ${DEVICE}`)],
      'ras',
    ],
    ['after the link above it went down', [event('pci_hp_event', `${PORT} slot:1, event:LINK_DOWN`)], 'ras'],
    ['of the error of another device does not', [unwell('0000:03:00.0')], 'unknown'],
    ['ten seconds later still does', [unwell(), later(9_999.95)], 'ras'],
    ['more than ten seconds later does not', [unwell(), later(10_000)], 'unknown'],
    ['after its recovery does not', [unwell(), recovered()], 'unknown'],
    ['after the recovery that it told of itself does not', [unwell(), recovered(DEVICE)], 'unknown'],
    ['after the recovery of a port that may be above it does not', [unwell(), recovered('0000:00:1d.0')], 'unknown'],
    ['after the recovery of what is elsewhere still does', [unwell(), recovered('0000:05:1d.0')], 'ras'],
  ])('%s', async (_, steps, cause) => {
    expect(await causes(...steps, tells)).toEqual([cause])
  })
})
