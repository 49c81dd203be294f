import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseVersion } from '../../src/domain/kernel-version.ts'
import { kernelOf } from '../../src/record/kernel.ts'
import { planRecording } from '../../src/record/plan.ts'
import { readTarget } from '../../src/record/target.ts'
import { readProbeSyntax } from '../../src/record/tracefs-readme.ts'

describe('a version', () => {
  test.each([
    ['7.3', 7, 3],
    ['6.12.95+deb12-amd64', 6, 12],
    ['v7.1-rc3', 7, 1],
    ['6.18.44-fc', 6, 18],
  ])('%s', (text, major, minor) => expect(parseVersion(text)).toEqual({ major, minor }))

  test.each(['', 'seven', '7', '7.', 'x7.3', '-1.2'])('"%s" is none', (text) => expect(parseVersion(text)).toBeNull())
})

test.each([
  [
    '6.5',
    { fprobes: false, argumentsAtReturn: false, nativeEvents: false, vfioExports: false, callback: 'move_notify' },
  ],
  ['6.6', { fprobes: true, argumentsAtReturn: false }],
  ['6.9', { argumentsAtReturn: true, vfioExports: false }],
  ['6.18', { vfioExports: false }],
  ['6.19', { vfioExports: true, nativeEvents: false }],
  ['7.0', { nativeEvents: true, invalidate: 'dma_buf_move_notify' }],
  ['7.1', { invalidate: 'dma_buf_invalidate_mappings', callback: 'invalidate_mappings' }],
  ['10.0', { fprobes: true, invalidate: 'dma_buf_invalidate_mappings', nativeEvents: true }],
])('%s', (name, features) => {
  expect(kernelOf(name, parseVersion(name)!)).toMatchObject(features)
})

/** kernel/trace/trace.c `readme_msg`, of a kernel with all of it. */
const README = `  dynamic_events\t\t- Create/append/remove/show the generic dynamic events
\t\t\t  Write into this file to define/undefine new trace events.
\t  accepts: event-definitions (one definition per line)
\t   Format: p[:[<group>/][<event>]] <place> [<args>]
\t           r[maxactive][:[<group>/][<event>]] <place> [<args>]
\t           f[:[<group>/][<event>]] <func-name>[%return] [<args>]
\t           t[:[<group>/][<event>]] <tracepoint> [<args>]
\t     args: <name>=fetcharg[:type]
\t fetcharg: (%<register>|$<efield>), @<address>, @<symbol>[+|-<offset>],
\t           $stack<index>, $stack, $retval, $comm, $arg<N>,
\t           <argname>[->field[->field|.field...]],
\t     kernel return probes support: $retval, $arg<N>, $comm
`

describe('the README of tracefs', () => {
  test.each([
    ['all of it', README, { fprobes: true, fieldsByName: true, argumentsAtReturn: true }],
    [
      'without BTF',
      README.replace(/^.*<argname>.*\n/m, ''),
      { fprobes: true, fieldsByName: false, argumentsAtReturn: true },
    ],
    [
      'without fprobes',
      README.replace(/^.*f\[:.*\n/m, ''),
      { fprobes: false, fieldsByName: true, argumentsAtReturn: true },
    ],
    [
      'before 6.9',
      README.replace(/^.*return probes.*\n/m, ''),
      { fprobes: true, fieldsByName: true, argumentsAtReturn: false },
    ],
    ['of something else', 'Hello', { fprobes: false, fieldsByName: false, argumentsAtReturn: false }],
  ])('%s', (_, text, syntax) => expect(readProbeSyntax(text)).toEqual(syntax))
})

describe('the tracefs of the target', () => {
  const target = (files: Record<string, string>) => {
    const dir = mkdtempSync(join(tmpdir(), 'revenant-target-'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
    const facts = readTarget(dir)
    rmSync(dir, { recursive: true })
    return facts
  }

  test('is none where none of its files is there', () => {
    expect(target({ other: 'x' })).toBeNull()
    expect(readTarget('/nowhere')).toBeNull()
  })

  test('counts more than the version: distributions backport', () => {
    const facts = target({
      available_filter_functions: 'dma_buf_invalidate_mappings\nvfio_pci_dma_buf_move [vfio_pci_core]\n',
      available_events: 'dma_buf:dma_buf_export\n',
      README,
    })
    expect(kernelOf('6.12', { major: 6, minor: 12 }, facts)).toMatchObject({
      invalidate: 'dma_buf_invalidate_mappings',
      nativeEvents: true,
      vfioExports: true,
    })
    const bare = target({ README: README.replace(/^.*f\[:.*\n/m, ''), available_events: 'iommu:map\n' })
    expect(kernelOf('7.3', { major: 7, minor: 3 }, bare)).toMatchObject({ fprobes: false, nativeEvents: false })
  })

  test('a module that is not loaded yet is tried all the same, a function of the kernel that is not there is left out', () => {
    const facts = target({ available_filter_functions: 'dma_buf_map_attachment\ndma_buf_invalidate_mappings\n' })
    const plan = planRecording(kernelOf('7.3', { major: 7, minor: 3 }, facts), {
      tier: 'T2',
      clock: 'mono',
      bufferKb: 1,
      output: 'x',
    })
    if ('kind' in plan) throw new Error(plan.why)
    expect(plan.definitions.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['dbuf/dbuf_map', 'vfiodb/vfiodb_move', 'dbuf/dbuf_inval']),
    )
    expect(plan.skipped).toContainEqual({
      event: 'dbuf/dbuf_pin',
      why: "dma_buf_pin is not among this kernel's available_filter_functions",
    })
    expect(plan.rules.find(({ rule }) => rule === 'pin-imbalance')).toMatchObject({ can: 'nothing' })
  })
})
