/** The command line: parses it, loads the one command it names, and turns outcomes into exit codes. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { Exit, type GlobalOptions, type Io, type Run } from './command.ts'
import { registerCommands } from './commands.ts'

/** A terminal's ^C may reach us twice, directly and handed on by the launcher: only a later one is a second one. */
const SAME_SIGNAL_MS = 300

const interrupt = new AbortController()
const io: Io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, signal: interrupt.signal }

process.exitCode = await main(process.argv.slice(2))

async function main(argv: string[]): Promise<number> {
  guardStreams()
  listenForSignals()
  let exitCode: number = Exit.done
  const program = new Command('revenant')
    .description('Finds DMA mappings that outlive the revoke of their buffer.')
    .version(version())
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'revenant: ')) })
  registerCommands(program, async (load, args, options) => {
    exitCode = await (await load())(args, globalOptions(options), io)
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    return interrupt.signal.aborted ? Exit.interrupted : explain(error)
  }
  return exitCode
}

function globalOptions(options: unknown): GlobalOptions & Parameters<Run>[1] {
  const given = options as GlobalOptions & { json?: boolean }
  return {
    ...given,
    format: given.json ? 'json' : given.format,
    quiet: given.quiet ?? false,
    color: given.color && !process.env.NO_COLOR,
  }
}

/** Says on stderr what went wrong; gives the exit code. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.done : Exit.usage
  const { exitCode, message, stack } = error as { exitCode?: unknown; message?: string; stack?: string }
  if (typeof exitCode === 'number') {
    io.stderr.write(`revenant: ${message}\n`)
    return exitCode
  }
  io.stderr.write(`revenant: internal error: ${message ?? String(error)}\n`)
  io.stderr.write(process.env.REVENANT_DEBUG ? `${stack}\n` : 'REVENANT_DEBUG=1 shows where; please report it.\n')
  return Exit.internal
}

/** A reader that went away (`| head`) is no error; a full disk behind stdout is one. */
function guardStreams(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    process.stderr.write(`revenant: cannot write to stdout: ${error.message}\n`)
    process.exit(Exit.internal)
  })
  process.stderr.on('error', () => {})
}

function listenForSignals(): void {
  let first = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (interrupt.signal.aborted && Date.now() - first > SAME_SIGNAL_MS) process.exit(Exit.interrupted)
      if (interrupt.signal.aborted) return
      first = Date.now()
      interrupt.abort()
    })
  }
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
