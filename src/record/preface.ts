/** What every recipe says of itself in its first lines, as comments. */
import { SIGNATURES } from './functions.ts'
import type { Plan } from './plan.ts'

const WIDTH = 110

/** Comment lines, each beginning with `mark`. */
export function preface(plan: Plan, mark: '#' | '//', what: readonly string[]): string {
  const lines = [
    `${plan.tier} recording for Linux ${plan.kernel.name}, made by revenant record. ${what.join(' ')}`,
    '',
    ...caveats(plan),
    ...decided(plan),
  ]
  return lines
    .flatMap((line) => wrap(line, WIDTH))
    .map((line) => `${mark} ${line}`.trimEnd())
    .join('\n')
}

function caveats({ layout, definitions, skipped, kernel, tier }: Plan): string[] {
  const modules = definitions.some(({ target }) => SIGNATURES[target]?.module)
  const without = definitions.flatMap(({ event, without: fields }) => fields.map((field) => `${event} ${field}`))
  return [
    ...(modules
      ? ['Functions of vfio_pci_core can be probed once that module is loaded; nothing is loaded here.', '']
      : []),
    ...(layout ? [offsets(layout), ''] : []),
    ...skipped.map(({ event, why }) => `Left out: ${event}: ${why}.`),
    ...without.map((text) => `Not shown: ${text}.`),
    ...(skipped.length + without.length > 0 ? [''] : []),
    ...(tier !== 'T0' && tier !== 'T1' && !kernel.vfioExports
      ? ['Before 6.19 VFIO exports no dma-buf: its revokes are not probed.', '']
      : []),
  ]
}

function offsets({ exact, source }: { exact: boolean; source: string }): string {
  const registers = 'Registers (%di, %si, …) are those of amd64.'
  if (exact) return `Offsets were computed from ${source} and hold for that very build. ${registers}`
  return `CHECK FIRST: offsets such as +64(…) are those of ${source}; another build may differ, and a wrong one prints nonsense without an error. Compare: pahole -C dma_buf,file,inode,pci_dev /sys/kernel/btf/vmlinux, or bpftool btf dump file /sys/kernel/btf/vmlinux; or let them be computed: revenant record --probes kprobe --btf /sys/kernel/btf/vmlinux. ${registers}`
}

function decided({ rules }: Plan): string[] {
  const list = (can: string) => rules.filter((rule) => rule.can === can)
  const names = (can: string) =>
    list(can)
      .map(({ rule }) => rule)
      .join(', ')
  const reasons = (can: string) => list(can).map(({ rule, why }) => `  ${rule}: ${why}`)
  return [
    `A trace of it can decide: ${names('decide')}.`,
    ...(names('partly') ? ['In part:', ...reasons('partly')] : []),
    ...(names('nothing') ? ['It cannot decide:', ...reasons('nothing')] : []),
  ]
}

/** Breaks at blanks; the rest of an indented line is indented by two more. */
function wrap(text: string, width: number): string[] {
  const indent = /^ */.exec(text)![0]
  const lines: string[] = []
  let line = ''
  for (const word of text.trim().split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = indent === '' ? word : `${indent}  ${word}`
    } else line = line === '' ? indent + word : `${line} ${word}`
  }
  return [...lines, line]
}
