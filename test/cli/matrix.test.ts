import { expect, test } from 'vitest'
import { all, printTrace, type Step } from '../support/printer.ts'
import { attached, exported, invalidated, mapped, refused } from '../support/trace.ts'
import { useWorkspace } from './workspace.ts'

const at = useWorkspace()
const GPU = '0000:02:00.0'
const NIC = '0000:08:00.0'
const GUEST = '0000:0a:00.0'

/** An exporter that takes every importer, tells all of them, and once refuses one. */
const lax = (ino: number, exporter: string): Step => {
  const here = { ino, exporter }
  const guest = { ...here, attach: ino * 10 + 2, importer: GUEST }
  return all(
    exported(here),
    attached('dynamic', { ...here, attach: ino * 10, importer: GPU }),
    attached('pinned', { ...here, attach: ino * 10 + 1, importer: NIC }),
    attached('legacy', guest),
    mapped(guest),
    invalidated(here),
    refused('legacy', 95, guest),
  )
}

const row = (
  exporter: string,
  [importer_class, importer_device]: [string, string | null],
  counts: { attachments: number; refused?: number; invalidations?: number; refuse: number | null; undecided?: number },
  captures = 1,
) => ({
  exporter,
  importer_class,
  importer_device,
  attachments: counts.attachments,
  refused: counts.refused ?? 0,
  invalidations_while_mapped: counts.invalidations ?? 0,
  would_be_refused: counts.refuse,
  undecided: counts.undecided ?? 0,
  captures,
})

test('matrix counts over all captures who could not honour an invalidate, and whom a strict exporter would refuse', async () => {
  const ingest = (name: string, ...steps: Step[]) =>
    at.run('ingest', at.file(name, `${printTrace(steps).lines.join('\n')}\n`), '--quiet')
  await ingest('one.txt', lax(1, 'drm'))
  await ingest('two.txt', lax(7, 'drm'), lax(8, 'labexp'))
  expect(await at.json('query', 'matrix')).toEqual([
    row('drm', ['dynamic', GPU], { attachments: 2, refuse: 0 }, 2),
    row('drm', ['legacy', GUEST], { attachments: 2, refused: 2, invalidations: 2, refuse: 2 }, 2),
    row('drm', ['pinned', NIC], { attachments: 2, refuse: 2 }, 2),
    row('labexp', ['dynamic', GPU], { attachments: 1, refuse: 0 }),
    row('labexp', ['legacy', GUEST], { attachments: 1, refused: 1, invalidations: 1, refuse: 1 }),
    row('labexp', ['pinned', NIC], { attachments: 1, refuse: 1 }),
  ])
  expect(await at.json('query', 'matrix', '-p', 'capture=1', '-p', 'class=legacy')).toHaveLength(1)
  expect(await at.json('query', 'matrix', '-p', 'exporter=labexp', '-p', `device=${NIC}`)).toHaveLength(1)
})

test('matrix says nothing of attachments whose ops or peer-to-peer word no event shows', async () => {
  const bare = new Set(['dbuf_attached', 'dbuf_attach_ret'])
  const unlisted = (exporter: string, p2p: 0 | 1) => {
    const { lines } = printTrace([exported({ exporter }), attached('unheard', { exporter })])
    return `${lines.join('\n').replace('p2p=1', `p2p=${p2p}`)}\n`
  }
  await at.run('ingest', at.file('bare.txt', `${printTrace([exported(), attached()], bare).lines.join('\n')}\n`))
  await at.run('ingest', at.file('own.txt', unlisted('labexp', 0)))
  // amdgpu clears it where the two devices cannot reach each other: it is not the importer's word.
  await at.run('ingest', at.file('cleared.txt', unlisted('drm', 0)))
  expect(await at.json('query', 'matrix')).toEqual([
    row('drm', ['dynamic', GPU], { attachments: 1, refuse: null, undecided: 1 }),
    row('labexp', ['dynamic', GPU], { attachments: 1, refuse: 1 }),
    row('vfio_pci_core', ['unknown', GPU], { attachments: 1, refuse: null, undecided: 1 }),
  ])
})
