/** What the tracefs of the kernel to be recorded tells about it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ProbeSyntax, readProbeSyntax } from './tracefs-readme.ts'

/** Null is unknown: a copy of a tracefs may lack files. */
export interface TargetFacts {
  functions: ReadonlySet<string> | null
  /** As `system:event`. */
  events: ReadonlySet<string> | null
  syntax: ProbeSyntax | null
}

/** Reads a tracefs, or a folder with copies of its files; null where it holds none of them. */
export function readTarget(dir: string): TargetFacts | null {
  const functions = readIfThere(join(dir, 'available_filter_functions'))
  const events = readIfThere(join(dir, 'available_events'))
  const readme = readIfThere(join(dir, 'README'))
  if (functions === null && events === null && readme === null) return null
  return {
    // An empty list is one that the kernel does not keep: without CONFIG_DYNAMIC_FTRACE all may yet be probed.
    functions: functions ? readFunctions(functions) : null,
    events: events ? new Set(events.split('\n').filter((line) => line !== '')) : null,
    syntax: readme ? readProbeSyntax(readme) : null,
  }
}

/** `vfio_pci_dma_buf_move [vfio_pci_core]`: a function of a module, as long as it is loaded. */
function readFunctions(text: string): ReadonlySet<string> {
  return new Set(text.split('\n').flatMap((line) => /^[^\s[]+/.exec(line)?.[0] ?? []))
}

function readIfThere(path: string): string | null {
  if (!existsSync(path)) return null
  return readFileSync(path, 'utf8') || null
}
