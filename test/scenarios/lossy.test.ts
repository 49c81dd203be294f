/** A trace that lost events knows less: it must not accuse whom the whole trace leaves in doubt, nor acquit the guilty. */
import { describe, expect, it } from 'vitest'
import { foldText } from '../support/fold-file.ts'
import type { Case } from './case.ts'
import { edges } from './edges.cases.ts'
import { importers } from './importers.cases.ts'
import { doubts, resets, revocations, violations } from './judge.ts'
import { createLedger, traceText } from './kernel-lines.ts'
import { moduleExporter } from './module-exporter.cases.ts'
import { vfio } from './vfio.cases.ts'

function linesOf(cases: readonly Case[], name: string): string[] {
  const k = createLedger('recipe')
  cases.find((one) => one.name.startsWith(name))!.run(k)
  return traceText(k).toString('latin1').trimEnd().split('\n')
}

const fold = (lines: readonly string[]) => foldText(Buffer.from(`${lines.join('\n')}\n`, 'latin1'))

/** `count` lines from the first one that has `needle` are lost. */
function lose(lines: readonly string[], needle: string, count: number): string[] {
  const at = lines.findIndex((line) => line.includes(needle))
  return [...lines.slice(0, at), `CPU:0 [LOST ${count} EVENTS]`, ...lines.slice(at + count)]
}

/** All before the first line that has `needle` was overwritten. */
function startAt(lines: readonly string[], needle: string): string[] {
  const rest = lines.slice(lines.findIndex((line) => line.includes(needle)))
  return [`# entries-in-buffer/entries-written: ${rest.length}/${rest.length + 900}   #P:2`, '#', ...rest]
}

describe('probes that were not set', () => {
  // Without a return probe the invalidate counts as open for as long as its task lives.
  it('an importer that lets go 3 s after it was told is not said to have done so at once, where no return is probed', async () => {
    const k = createLedger('raw')
    edges.find((one) => one.name.startsWith('an exporter of a module told'))!.run(k)
    const folded = await fold(k.lines)
    expect(folded.attachments[0]!.deferred).not.toBe(false)
  })
  // The close has begun and never ends: the buffer cannot come back.
  it('a close that hangs makes its buffers dead', async () => {
    const k = createLedger('recipe')
    importers.find((one) => one.name.startsWith('memory off, then close'))!.run(k)
    const folded = await fold(k.lines)
    expect(folded.buffers[0]!.state).toBe('dead')
    expect(folded.revocations[0]!.permanent).toBe(true)
  })
})

describe('lost events', () => {
  const reused = linesOf(edges, 'the address was used again')
  // The whole trace leaves it open whose access it was; the overwritten one is sure of buffer 14.
  it('an address that was used twice, with the first use overwritten, is no more certain', async () => {
    const folded = await fold(startAt(reused, 'ino=14'))
    expect(violations(folded)).toEqual([])
    expect(doubts(folded)).toContain('use-after-revoke 14 0000:02:00.0')
  })

  const early = linesOf(moduleExporter, 'resets before')
  // What was mapped is among the lost, and this exporter does not wait for unmaps.
  it('attach and map lost before a module revokes: the revocation is not clean', async () => {
    const folded = await fold(lose(early, 'dma_buf_get', 6))
    expect(violations(folded)).toEqual([])
    expect(revocations(folded)[0]).toMatch(/(?:undetermined|violated)$/)
  })
  // Without maps nothing says that all were told and let go.
  it('maps not probed: neither the revocation nor the reset of a module is clean', async () => {
    const folded = await fold(early.filter((line) => !line.includes(' dbuf_map: ')))
    expect(revocations(folded)[0]).toMatch(/undetermined$/)
    expect(resets(folded)[0]).toMatch(/undetermined$/)
  })
  // The native events call the exporter as the module of the reset is called.
  it('exports not probed: the reset of a module is tied to its buffers by their exporter name, or is not clean', async () => {
    const folded = await fold(early.filter((line) => !line.includes(' dbuf_export: ')))
    expect(resets(folded)[0]).not.toMatch(/ clean$/)
  })

  // vfiodb_move_ret names the ioctl, and pcie_flr follows.
  it('an invalidate lost, its return and that of the move kept: the cause is still known', async () => {
    const folded = await fold(lose(linesOf(vfio, 'use after revoke during the reset'), '40.123286: dbuf_inval', 2))
    expect(revocations(folded)[0]).toMatch(/^11 flr transient/)
  })
  // iommu:unmap showed the translation gone in the callback; no unmap probe was set.
  it('unmaps not probed: a detach long after does not make them late', async () => {
    const k = createLedger('btf')
    vfio.find((one) => one.name.startsWith('use after revoke long after'))!.run(k)
    const folded = await fold(k.lines.filter((line) => !line.includes(' db_unmap: ')))
    expect(violations(folded).filter((one) => one.startsWith('late-unmap'))).toEqual([])
  })
  it('what happened during a reset is lost: it is not clean', async () => {
    const lines = linesOf(edges, 'memory is enabled by another thread')
    const reset = lines.findIndex((line) => line.includes('pcirst_fn:'))
    const folded = await fold([...lines.slice(0, reset), ...lose(lines.slice(reset), 'vfiodb_move: ', 6)])
    expect(resets(folded)[1]).not.toMatch(/ clean$/)
  })
})
