/** CONTRACT.md §5: what only the end of a trace can tell: which revokes and resets were clean, and which nobody can say of. */
import { describe, expect, it } from 'vitest'
import type { Folded } from '../../support/fold-file.ts'
import { dumped, foldLog } from '../../support/kernel-log.ts'
import { event, type Step } from '../../support/printer.ts'
import { given } from '../../support/story.ts'
import {
  attached,
  detached,
  EXPORTER,
  exported,
  fencesAwaited,
  invalidated,
  mapped,
  released,
  reset,
  restored,
  revoked,
  unmapped,
} from '../../support/trace.ts'

const verdicts = (rows: readonly { verdict: string }[]) => rows.map(({ verdict }) => verdict)
const fold = async (...steps: Step[]): Promise<Folded> => (await given(...steps).fold()).folded
const vfio = [exported(), attached(), mapped()]

describe('a reset that names no device', () => {
  const nobodys = [event('own_flr', '(pcie_flr+0x4/0x130)'), event('own_flr_ret', '(x+0x61/0x120 <- pcie_flr) ret=0')]
  const drm = { ino: 2, exporter: 'drm', attach: 2 }
  const other = [exported(drm), attached('dynamic', drm), mapped({ ...drm, sgt: 2 })]
  const told = [invalidated(drm, unmapped({ ...drm, sgt: 2 })), fencesAwaited(drm)]
  const verdictOf = ({ revocations }: Folded, of: bigint) => verdicts(revocations.filter(({ ino }) => ino === of))

  it('may be what importers were told to let go for just before, of an exporter that says nothing of it', async () => {
    expect(verdictOf(await fold(...vfio, ...other, ...told, ...nobodys), 2n)).toEqual(['undetermined'])
  })

  it('is not what they were told for after it', async () => {
    const third = { ...drm, ino: 3, attach: 3 }
    const before = [exported(third), invalidated(third), fencesAwaited(third), ...nobodys]
    const folded = await fold(...vfio, ...other, ...before, ...told)
    expect([verdictOf(folded, 3n), verdictOf(folded, 2n)]).toEqual([['undetermined'], ['clean']])
  })

  it('is not what vfio revoked for: that names its device', async () => {
    const done = [revoked({}, unmapped()), reset(), restored()]
    const folded = await fold(...vfio, ...other, ...done, ...told, ...nobodys)
    expect([verdictOf(folded, 1n), verdictOf(folded, 2n)]).toEqual([['clean'], ['undetermined']])
  })
})

describe('a revoke', () => {
  const entry = event('dbuf_inval', '(dma_buf_invalidate_mappings+0x4/0x50) ino=1 exp="vfio_pci_core"')

  it('is not clean that is not over when the trace ends', async () => {
    const done = [revoked({}, unmapped()), restored(), mapped()]
    expect(verdicts((await fold(...vfio, ...done, reset())).revocations)).toEqual(['clean'])
    expect(verdicts((await fold(...vfio, ...done, reset(), unmapped(), entry)).revocations)).toEqual([
      'clean',
      'undetermined',
    ])
  })
})

describe('a reset that the kernel log tells of', () => {
  const lines = [`[    5.000000] vfio-pci ${EXPORTER}: resetting`, `[    5.100000] vfio-pci ${EXPORTER}: reset done`]
  const trace = [...vfio, unmapped(), detached(), released(), reset('open')]

  it('is not clean where the dump of the trace begins only later', async () => {
    const { resets } = await foldLog(...lines, ...dumped(...vfio, revoked({}, unmapped()), reset()))
    expect(verdicts(resets)).toEqual(['undetermined', 'clean'])
    expect(verdicts((await foldLog(...dumped(...trace))).resets)).toEqual(['clean'])
  })
})
