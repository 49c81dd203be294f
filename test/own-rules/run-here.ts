import { Writable } from 'node:stream'
import { Command } from 'commander'
import type { Io } from '../../src/cli/command.ts'
import { registerCommands } from '../../src/cli/commands.ts'
import type { Outcome } from '../cli/run-revenant.ts'

/** Runs a command in this process: what rules cost is a process of their own, and one for each command would be too many. */
export async function runHere(...argv: string[]): Promise<Outcome> {
  const out: Buffer[] = []
  const err: Buffer[] = []
  const to = (parts: Buffer[]) =>
    new Writable({
      write(chunk, _, done) {
        parts.push(Buffer.from(chunk))
        done()
      },
    })
  const io: Io = { stdin: process.stdin, stdout: to(out), stderr: to(err), signal: new AbortController().signal }
  let code = 0
  const program = new Command('revenant').exitOverride()
  registerCommands(program, async (load, args, options) => {
    const given = options as { json?: boolean; format: 'table' }
    code = await (await load())(
      args,
      { ...(options as object), format: given.json ? 'json' : given.format } as never,
      io,
    )
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    const { exitCode, message } = error as { exitCode?: number; message: string }
    if (exitCode === undefined) throw error
    code = exitCode
    err.push(Buffer.from(`revenant: ${message}\n`))
  }
  return { code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }
}
