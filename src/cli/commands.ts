/** The list of commands: their arguments, flags and the module that runs each, loaded only when it is called. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { TIERS } from '../domain/evidence/kinds.ts'
import { SEVERITIES } from '../domain/rules.ts'
import { RECIPE_FORMS } from '../record/recipes.ts'
import { FORMATS, type Run } from './command.ts'
import { simulateFlags } from './simulate-flags.ts'

export interface CommandEntry {
  name: string
  summary: string
  /** Positional arguments in commander's notation. */
  arguments?: [notation: string, doc: string]
  /** Another one behind it. */
  second?: [notation: string, doc: string]
  options?: () => Option[]
  load: () => Promise<{ run: unknown }>
}

const severity = (flags: string, doc: string) => new Option(flags, doc).choices([...SEVERITIES])
const redaction = () => [
  new Option('--redact', 'put other names for tasks, devices, pids and addresses, the same for the same'),
  new Option('--redact-key <file>', 'the key that decides which; without one they differ from run to run'),
]
const rules = () => new Option('--rules <folder>', 'your own rules: *.sql, *.ts, *.js, *.mjs').env('REVENANT_RULES')
const capture = () => new Option('--capture <id>', 'only this capture, by its number in `query captures`')

/** Clocks that count nanoseconds: with the others no duration could be judged. */
const RECORDING_CLOCKS = ['mono', 'boot', 'mono_raw', 'tai', 'global', 'local']

/** Flags of `record` that say how a recipe looks: a trace that is there has been recorded. */
const OF_A_RECIPE = ['as', 'tier', 'probes', 'btf', 'tracefs', 'clock', 'bufferKb', 'output']

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'ingest',
    summary: 'read traces, append their events to the log and name what outlived its revoke',
    arguments: ['<file...>', 'traces, plain or packed, and folders of them; - is stdin'],
    options: () => [
      severity('--fail-on <severity>', 'exit 1 on a finding at or above this severity'),
      new Option('--strict', 'exit 4 where the evidence is incomplete'),
      new Option('--clock <name>', 'the trace clock, where the file does not say'),
      new Option('--layout <name>', 'the layout of the text, where it should not be guessed'),
      new Option(
        '--at <time>',
        "when a snapshot (bufinfo, fdinfo) was taken, on the trace's clock; as timeline --from",
      ),
      new Option('--recognisers <file>', 'your own events that mean an access, a map, an unmap or a reset'),
      new Option('--align', 'with --merge: put inputs with other clocks on one by the kernel log lines that both have'),
      new Option('--merge', 'the files are one capture, in the order of their times'),
      new Option('--name <text>', "the capture's name, instead of the file's"),
      new Option('--late-unmap-warning <seconds>', 'from when on an unmap after a revoke is late (default 1)'),
      new Option('--late-unmap-error <seconds>', 'from when on that is an error (default 10)'),
      new Option(
        '--keep <pattern>',
        'events to judge though they are noise: a name, a glob or all; repeatable',
      ).argParser(several),
      new Option('--drop <pattern>', 'events to count and not to judge: a name or a glob; repeatable').argParser(
        several,
      ),
      new Option('--follow', 'go on reading what is written to the file or pipe, until ^C'),
      new Option('--idle-exit <seconds>', 'with --follow: end when nothing came for so long'),
      rules(),
      ...redaction(),
    ],
    load: () => import('./ingest.ts'),
  },
  {
    name: 'check',
    summary: 'findings of the log; exit 1 at or above --fail-on',
    options: () => [
      capture(),
      severity('--fail-on <severity>', 'the least severity that fails').default('error'),
      new Option('--strict', 'exit 4 where the evidence is incomplete'),
      new Option(
        '--quote [lines]',
        'quote the lines of evidence whole, and what stands in the way; 12, a number or all',
      )
        .preset('12')
        .argParser(quotedLines),
      rules(),
    ],
    load: () => import('./check.ts'),
  },
  {
    name: 'query',
    summary: 'run one named query',
    arguments: ['[name]', 'see --list'],
    options: () => [
      new Option('--list', 'the queries with their parameters and columns'),
      new Option('-p, --param <key=value>', 'a parameter; may be repeated').argParser(parameter).default([], 'none'),
      rules(),
    ],
    load: () => import('./query.ts'),
  },
  {
    name: 'state',
    summary: 'every buffer, attachment and mapping as it was at one time',
    options: () => [
      new Option('--at <time>', 'nanoseconds, or seconds with a decimal point as the trace prints them'),
      capture(),
      new Option('--ino <inode>', 'only this buffer, and the device that exported it'),
      new Option('--device <name>', 'only what this device exported or is attached to'),
    ],
    load: () => import('./state.ts'),
  },
  {
    name: 'timeline',
    summary: 'the story of one buffer or device, in order',
    options: () => [
      capture(),
      new Option('--ino <inode>', "the buffer's inode number"),
      new Option('--device <name>', 'exporter or importer, as the trace names it'),
      new Option('--from <time>', 'nanoseconds, or seconds with a decimal point as the trace prints them'),
      new Option('--to <time>', 'the same; included'),
      new Option('--limit <events>', 'stop after so many events'),
      new Option('--quote', 'the lines as traced, instead of the events as told'),
      rules(),
    ],
    load: () => import('./timeline.ts'),
  },
  {
    name: 'diff',
    summary: 'what changed from one capture to another; exit 1 where the second is worse',
    arguments: ['<captureA>', 'a capture of the log, by its number in `query captures` or by its name'],
    second: ['<captureB>', 'the one to compare it with'],
    options: () => [
      severity('--fail-on <severity>', 'the least severity of a new or more frequent finding that fails').default(
        'error',
      ),
      new Option('--strict', 'exit 4 where the evidence of either is incomplete'),
    ],
    load: () => import('./diff.ts'),
  },
  {
    name: 'record',
    summary: 'print how to record a trace that proves something; with --check, say what a recorded one can prove',
    options: () => [
      new Option('--kernel <version>', 'kernel to record on, such as 7.3 (default: the running one)'),
      new Option('--as <form>', 'what the recipe is written for').choices([...RECIPE_FORMS]).default('shell'),
      new Option('--tier <tier>', 'how much to record').choices([...TIERS]).default('T3'),
      new Option('--probes <kind>', 'default: fprobe where the kernel has it').choices(['fprobe', 'kprobe']),
      new Option('--btf <file>', "take the offsets of kprobes from the kernel's own types"),
      new Option('--tracefs <folder>', 'leave out what this tracefs does not have'),
      new Option('--clock <name>', 'the trace clock').choices([...RECORDING_CLOCKS]).default('mono'),
      new Option('--buffer-kb <size>', 'KiB of buffer for each CPU').argParser(bufferSize).default(65536),
      new Option('-o, --output <folder>', 'where the recipe leaves the recording').default('revenant-trace'),
      new Option('--check <file...>', 'say what these traces can prove, and what to add').conflicts(OF_A_RECIPE),
    ],
    load: () => import('./record.ts'),
  },
  {
    name: 'simulate',
    summary: 'act a scenario out and write the trace of it, with --truth what was true',
    arguments: ['[scenario]', 'see --list'],
    options: simulateFlags,
    load: () => import('./simulate.ts'),
  },
  {
    name: 'export',
    summary: 'the text of a trace, redacted so that it can be given away',
    arguments: ['[file]', 'a trace file, - is stdin; else a capture of the log'],
    options: () => [capture(), ...redaction(), new Option('--output <file>', 'a file to be made, instead of stdout')],
    load: () => import('./export.ts'),
  },
  {
    name: 'rebuild',
    summary: 'replay the log into the projections from the beginning',
    options: () => [capture()],
    load: () => import('./rebuild.ts'),
  },
  {
    name: 'verify',
    summary: 'prove the database sound: the log whole, the projections equal to a fresh replay',
    load: () => import('./verify.ts'),
  },
  {
    name: 'serve',
    summary: 'HTTP API on 127.0.0.1',
    options: () => [new Option('--port <number>', '0 takes a free one').argParser(port).default(7117), rules()],
    load: () => import('./serve.ts'),
  },
]

/** Adds every command to `program`; `start` is called with the chosen one. */
export function registerCommands(
  program: Command,
  start: (load: () => Promise<Run>, args: string[], options: unknown) => Promise<void>,
): void {
  program
    .option('--db <file>', 'the database (or REVENANT_DB)', process.env.REVENANT_DB || './revenant.db')
    .addOption(new Option('--format <format>', 'of the data on stdout').choices([...FORMATS]).default('table'))
    .option('--json', 'the same as --format json')
    .option('--quiet', 'no progress and no remarks on stderr')
    .option('--no-color', 'no colour (as NO_COLOR does)')
  for (const entry of COMMANDS) {
    const command = program.command(entry.name).description(entry.summary)
    if (entry.arguments) command.argument(...entry.arguments)
    if (entry.second) command.argument(...entry.second)
    for (const option of entry.options?.() ?? []) command.addOption(option)
    command.allowExcessArguments(false)
    command.action((...given: unknown[]) => {
      const args = given
        .slice(0, -2)
        .flat()
        .filter((arg) => arg !== undefined) as string[]
      return start(async () => (await entry.load()).run as Run, args, command.optsWithGlobals())
    })
  }
}

function several(text: string, previous: string[] = []): string[] {
  return [...previous, text]
}

function parameter(text: string, previous: [string, string][]): [string, string][] {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError(`"${text}" is not key=value.`)
  return [...previous, [text.slice(0, at), text.slice(at + 1)]]
}

function bufferSize(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('A buffer is a whole number of KiB, such as 65536.')
  return Number(text)
}

function quotedLines(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Lines are a number from 1 on, or all.')
}

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new InvalidArgumentError('A port is 0 to 65535.')
  return Number(text)
}
