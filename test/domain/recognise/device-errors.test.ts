import { describe, expect, it } from 'vitest'
import { lineRedactor } from '../../redact/redacted.ts'
import { recognised } from '../../support/recognised.ts'

const PORT = '0000:00:1c.0'
const DEVICE = '0000:01:00.0'

/** Every line, what it means, and of what. Numbers of raw fields as trace-cmd and the option `fields` print them. */
const LINES: [event: string, payload: string, detail: string | null, device: string][] = [
  ['pci_hp_event', `${PORT} slot:1, event:LINK_DOWN`, 'link-down', PORT],
  ['pci_hp_event', `${PORT} slot:a b, event:CARD_NOT_PRESENT`, 'card-gone', PORT],
  // The kernel's format ends in a line feed.
  ['pci_hp_event', `${PORT} slot:1, event:LINK_DOWN `, 'link-down', PORT],
  ['pci_hp_event', `${PORT} slot:1, event:LINK_UP`, null, PORT],
  ['pci_hp_event', `${PORT} slot:1`, null, PORT],
  ['pci_hp_event', `${PORT} slot:1, event:CARD_PRESENT`, null, PORT],
  ['pci_hp_event', `port_name=${PORT} slot=1 event=1`, 'link-down', PORT],
  ['pci_hp_event', `port_name=${PORT} slot=1 event=0x3 (3)`, 'card-gone', PORT],
  ['pci_hp_event', `port_name=${PORT} slot=1 event=0`, null, PORT],
  ['aer_event', `${DEVICE} PCIe Bus Error: severity=Fatal, Malformed TLP, TLP Header=Not available`, 'fatal', DEVICE],
  [
    'aer_event',
    `${PORT} PCIe Bus Error: severity=Fatal, Surprise Down Error, TLP Header={0x0,0x1}`,
    'surprise-down',
    PORT,
  ],
  [
    'aer_event',
    `${DEVICE} PCIe Bus Error: severity=Uncorrected, non-fatal, Completion Timeout, TLP Header=Not available`,
    'uncorrected',
    DEVICE,
  ],
  ['aer_event', `${DEVICE} PCIe Bus Error: severity=Corrected, Bad TLP, TLP Header=Not available`, null, DEVICE],
  ['aer_event', `dev_name=${DEVICE} status=0x40000 (262144) severity=0x1 (1) tlp_header_valid=0`, 'fatal', DEVICE],
  ['aer_event', `dev_name=${PORT} status=0x20 severity=1 tlp_header_valid=0`, 'surprise-down', PORT],
  ['aer_event', `dev_name=${PORT} status=0x20 (32) severity=0x1 (1)`, 'surprise-down', PORT],
  ['aer_event', `dev_name=${DEVICE} status=0x4000 severity=0`, 'uncorrected', DEVICE],
  ['aer_event', `dev_name=${DEVICE} severity=0`, 'uncorrected', DEVICE],
  ['aer_event', `dev_name=${DEVICE} status=0x40 severity=2`, null, DEVICE],
  [
    'pcie_link_event',
    `${PORT} type:4, reason:5, cur_bus_speed:20, max_bus_speed:23, width:1, flit_mode:0, status:LT`,
    null,
    PORT,
  ],
  ['console', `pcieport ${PORT}: AER: Uncorrected (Fatal) error received: ${DEVICE}`, 'fatal-source', DEVICE],
  [
    'console',
    `pcieport ${PORT}: AER: Multiple Uncorrectable (Fatal) error message received from ${DEVICE}`,
    'fatal-source',
    DEVICE,
  ],
  [
    'console',
    `pcieport ${PORT}: AER: Uncorrected (Non-Fatal) error message received from ${DEVICE}`,
    'error-source',
    DEVICE,
  ],
  ['console', `pcieport ${PORT}: AER: Corrected error received: ${DEVICE}`, 'corrected-source', DEVICE],
  [
    'console',
    `pcieport ${PORT}: DPC: containment event, status:0x1f05, ERR_FATAL received from ${DEVICE}`,
    'fatal-source',
    DEVICE,
  ],
  [
    'console',
    `pcieport ${PORT}: DPC: containment event, status:0x1f03, ERR_NONFATAL received from ${DEVICE}`,
    'error-source',
    DEVICE,
  ],
  ['console', `pcieport ${PORT}: AER: device recovery successful`, 'recovered', PORT],
  ['console', `pcieport ${PORT}: pciehp: Slot(7-1): Link Down`, 'link-down', PORT],
  ['console', `pciehp ${PORT}:pcie004: Slot(1): Card not present`, 'card-gone', PORT],
  [
    'console',
    `vfio-pci ${DEVICE}: AER: PCIe Bus Error: severity=Uncorrected (Fatal), type=Transaction Layer, (Receiver ID)`,
    'fatal',
    DEVICE,
  ],
  [
    'console',
    `vfio-pci ${DEVICE}: PCIe Bus Error: severity=Uncorrectable (Non-Fatal), type=Transaction Layer`,
    'uncorrected',
    DEVICE,
  ],
  [
    'console',
    `vfio-pci ${DEVICE}: Unable to change power state from D3cold to D0, device inaccessible`,
    'gone',
    DEVICE,
  ],
  ['console', `nvme ${DEVICE}: Device lost`, 'gone', DEVICE],
  ['console', `pci ${PORT}: PCI bridge to [bus 01]`, 'bridge', PORT],
]

/** Of no meaning here, be it that they tell of no loss. */
const NOTHING = [
  `pcieport ${PORT}: pciehp: Slot(1): Link Up`,
  `pcieport ${PORT}: pciehp: Slot(1): Link Down/Up ignored`,
  `pcieport ${PORT}: DPC: containment event, status:0x1f01 source:0x0000`,
  `vfio-pci ${DEVICE}: PCIe Bus Error: severity=Correctable, type=Physical Layer, (Receiver ID)`,
  'the device lost its power',
  `PCI bridge to [bus 01]`,
]

describe('errors of devices', () => {
  it.each(['pci_hp_event', 'aer_event', 'pcie_link_event'])('%s of which nothing is left', (event) => {
    expect(recognised(event, '')).toEqual({ type: 'device-error', point: 'event', fresh: true })
  })

  it.each(LINES)('%s: %s', (event, payload, detail, device) => {
    const act = recognised(event, payload)
    expect(act).toMatchObject({ device, ...(detail === null ? {} : { detail }) })
    if (detail === null) expect(act).not.toHaveProperty('detail')
    if (detail?.endsWith('-source')) expect(act).toMatchObject({ type: 'device-error', state: PORT })
  })

  it.each(NOTHING)('is nothing: %s', (text) => {
    expect(recognised('console', text)).toMatchObject({ type: 'console', text })
    expect(recognised('console', text)).not.toHaveProperty('detail')
  })

  it.each(LINES)('means the same with other names in it: %s %s', (event, payload, detail) => {
    const line = `            tool-195     [001] ...1.    54.458350: ${event}: ${payload}`
    const redacted = lineRedactor().redact(Buffer.from(line)).toString()
    const said = redacted.slice(redacted.indexOf(`${event}: `) + event.length + 2)
    expect(recognised(event, said)?.detail ?? null).toBe(detail)
    expect(said).not.toContain(DEVICE)
  })
})
