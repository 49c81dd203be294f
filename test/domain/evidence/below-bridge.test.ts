import { describe, expect, it } from 'vitest'
import { attachment, GPU, mapping, NVME, virtgpu } from '../../scenarios/cast.ts'
import { doubts, play, resets, violations } from '../../scenarios/judge.ts'
import * as b from '../../scenarios/kernel-buffers.ts'
import { as, kernelLog, type Ledger, print, wait } from '../../scenarios/kernel-lines.ts'
import * as v from '../../scenarios/kernel-vfio.ts'

/** `pci_bridge_secondary_bus_reset()` names the bridge, and what it resets are the functions below. */
const BRIDGE = '0000:00:10.0'
const buffer = b.buffer(11, 'vfio', NVME)
const mapped = mapping(attachment(buffer, virtgpu))
const OWNER = { comm: 'bash', pid: 400, cpu: 1 }

function busReset(k: Ledger, returns: boolean): void {
  v.open(k, NVME)
  b.exportBuffer(k, buffer)
  b.attach(k, mapped.attachment)
  b.map(k, mapped)
  as(k, OWNER, () => {
    print(k, 'pcirst_sbr', `(pci_bridge_secondary_bus_reset+0x4/0x60) dev="${BRIDGE}"`)
    wait(k, 0.1)
    const head = '(pci_reset_bus_function+0x31/0x60 <- pci_bridge_secondary_bus_reset)'
    if (returns) print(k, 'pcirst_sbr_ret', `${head} dev="${BRIDGE}" ret=0`)
  })
  b.unmap(k, mapped)
  b.detach(k, mapped.attachment)
  b.release(k, buffer)
  v.close(k, NVME)
}

const bus = (from: string) => (k: Ledger) => kernelLog(k, `pci ${BRIDGE}: PCI bridge to [bus ${from}]`)

describe.each([true, false])('the bus below a bridge is reset, its return probed: %s', (returns) => {
  it('resets what the kernel log had found there', async () => {
    const folded = await play((k) => {
      bus('01-02')(k)
      busReset(k, returns)
    })
    expect(violations(folded)).toEqual([`reset-while-mapped 11 ${GPU}`, 'reset-without-revoke 11 -'])
    expect(folded.findings.find((f) => f.rule === 'reset-while-mapped')?.exporterDevice).toBe(NVME)
    expect(resets(folded)[1]).toBe(`${BRIDGE} bus unknown 1 violated`)
  })

  it('leaves alone what it had found elsewhere', async () => {
    const folded = await play((k) => {
      bus('05')(k)
      busReset(k, returns)
    })
    expect(violations(folded)).toEqual([])
    expect(doubts(folded)).toEqual([])
    expect(resets(folded)[1]).toBe(`${BRIDGE} bus unknown 0 clean`)
  })

  it('may have reset what nothing places, unmapped since or not', async () => {
    const folded = await play((k) => busReset(k, returns))
    expect(violations(folded)).toEqual([])
    expect(doubts(folded)).toEqual([`reset-while-mapped 11 ${GPU}`])
    expect(folded.findings[0]?.missing).toBe(`no event says whether ${NVME} is below the bridge ${BRIDGE}`)
    expect(resets(folded)[1]).toBe(`${BRIDGE} bus unknown 0 undetermined`)
  })
})
