/** What every command gets and gives; one file a command exports a `Run`. */
import type { Readable, Writable } from 'node:stream'
import type { Tier } from '../domain/evidence/kinds.ts'
import type { ProbeKind } from '../record/plan.ts'
import type { RecipeForm } from '../record/recipes.ts'

export const FORMATS = ['table', 'json', 'ndjson', 'csv', 'arrow'] as const
export type Format = (typeof FORMATS)[number]

/** Exit codes, as CONTRACT has them. */
export const Exit = {
  done: 0,
  findings: 1,
  usage: 2,
  input: 3,
  incomplete: 4,
  internal: 70,
  interrupted: 130,
} as const

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  /** Path of the database file. */
  db: string
  format: Format
  quiet: boolean
  /** False where colour was declined (`--no-color`, `NO_COLOR`); whether a stream is a terminal is asked of the stream. */
  color: boolean
}

export interface Io {
  stdin: Readable
  /** Data only. */
  stdout: Writable & { isTTY?: boolean; columns?: number }
  /** Everything else. */
  stderr: Writable & { isTTY?: boolean; columns?: number }
  /**
   * Aborted by the first SIGINT or SIGTERM: stop at the next safe place and give `Exit.interrupted`, or throw whatever
   * the abort made fail. A second one ends the process.
   */
  signal: AbortSignal
}

/**
 * Runs one command. `args` are its positional arguments, `options` its own flags and the global ones.
 * Resolves to the exit code. What the user can mend is thrown as a `UsageError` or as an error that carries `exitCode`.
 */
export type Run<Options = object> = (args: string[], options: GlobalOptions & Options, io: Io) => Promise<number>

/** The command line is wrong: exit 2. The message says what, where, and what to do next. */
export class UsageError extends Error {
  readonly exitCode = Exit.usage
}

export interface RulesOption {
  /** Path of a folder of the user's own rules. */
  rules?: string
}

export interface RedactOptions {
  /** Replace the names of tasks and devices, pids and addresses. */
  redact?: boolean
  /** Path of a file whose bytes are the key. */
  redactKey?: string
}

export interface ExportOptions extends RedactOptions {
  capture?: string
  /** Path of a file to be made; - is stdout. */
  output?: string
}

export interface IngestOptions extends RedactOptions, RulesOption {
  /** Exit 1 when a violated finding of at least this severity is found. */
  failOn?: string
  strict?: boolean
  clock?: string
  /** Path of a file of the user's own recognisers. */
  recognisers?: string
  /** The layout, where it should not be guessed. */
  layout?: string
  /** Time of a snapshot. */
  at?: string
  /** Patterns of event names to be kept though they are noise. */
  keep?: string[]
  /** Patterns of event names that are counted as `ignored`. */
  drop?: string[]
  /** Put inputs with other clocks on that of the first trace. */
  align?: true
  /** All files are one capture. */
  merge?: boolean
  /** What the capture is called. */
  name?: string
  /** Seconds. */
  lateUnmapWarning?: string
  lateUnmapError?: string
  /** Goes on reading what is added. */
  follow?: boolean
  /** Seconds. */
  idleExit?: string
}

export interface RecordOptions {
  /** A kernel's version; default the running one's. */
  kernel?: string
  as: RecipeForm
  tier: Tier
  probes?: ProbeKind
  /** Path of raw BTF. */
  btf?: string
  /** Path of a tracefs. */
  tracefs?: string
  clock: string
  bufferKb: number
  /** Folder that the recipe saves to. */
  output: string
  /** Traces to be judged; no recipe is printed. */
  check?: string[]
}

export interface SimulateOptions {
  /** Names the scenarios. */
  list?: boolean
  seed: string
  buffers: string
  importers: string
  devices: string
  cpus: string
  events?: string
  layout: string
  names: string
  /** A tier, or kinds of evidence. */
  probes: string
  /** Percent. */
  lose: string
  loseHow: string
  disorder?: boolean
  captures: string
  /** Path of the truth to be written. */
  truth?: string
  /** Path of the trace; stdout where it is left out. */
  output?: string
}

export interface CheckOptions extends RulesOption {
  capture?: string
  failOn: string
  strict?: boolean
  /** Lines of evidence quoted of each finding, whole. */
  quote?: number
}

export interface TimelineOptions extends RulesOption {
  capture?: string
  ino?: string
  device?: string
  from?: string
  to?: string
  limit?: string
  /** Lines as traced, instead of events as told. */
  quote?: true
}

export interface StateOptions {
  capture?: string
  at?: string
  ino?: string
  device?: string
}

export interface DiffOptions {
  failOn: string
  strict?: boolean
}

export interface CaptureOption {
  capture?: string
}
