import { type ChildProcess, spawn } from 'node:child_process'

export interface ProgramCall {
  command: string
  args: string[]
  /** For its standard input; it gets none where this is null. */
  input: AsyncIterable<Buffer> | null
  env?: Record<string, string>
  /** Ends the program. */
  signal?: AbortSignal | undefined
}

/** A program is not there, or did not end well. */
export class ProgramError extends Error {
  readonly missing: boolean
  /** The last of what it wrote to its stderr, trimmed. */
  readonly stderr: string

  constructor(message: string, missing: boolean, stderr: string) {
    super(message)
    this.name = 'ProgramError'
    this.missing = missing
    this.stderr = stderr
  }
}

const STDERR_KEPT = 4096

/**
 * What a program prints, as it prints it: it waits where nobody reads, and ends with the reading. It is started without
 * a shell, in a process group of its own, so that a terminal's ^C reaches it only through `signal`. Throws
 * `ProgramError`, after everything that it printed was given.
 */
export async function* runProgram({ command, args, input, env, signal }: ProgramCall): AsyncGenerator<Buffer> {
  const child = spawn(command, args, {
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', ...env },
    detached: true,
    signal,
    killSignal: 'SIGKILL',
  })
  const ended = endOf(child)
  try {
    if (child.pid === undefined) return check(command, await ended, '')
    let stderr = ''
    child.stderr!.on('data', (chunk) => {
      stderr = (stderr + chunk).slice(-STDERR_KEPT)
    })
    let fed: unknown = null
    const feeding = input
      ? feed(child, input).catch((error) => {
          fed = error
          child.stdin!.destroy()
        })
      : null
    for await (const chunk of child.stdout!) yield chunk
    const end = await ended
    await feeding
    if (fed !== null) throw fed
    check(command, end, stderr.trim())
  } finally {
    child.kill('SIGKILL')
    child.stdin?.destroy()
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
}

interface End {
  code: number | null
  signal: NodeJS.Signals | null
  error: NodeJS.ErrnoException | null
}

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, signal: null, error }))
    child.on('close', (code, signal) => resolve({ code, signal, error: null }))
  })
}

function check(command: string, { code, signal, error }: End, stderr: string): void {
  if (code === 0) return
  const missing = error?.code === 'ENOENT' || error?.code === 'EACCES'
  const how = error?.message ?? (signal ? `was ended by ${signal}` : `ended with exit code ${code}`)
  throw new ProgramError(missing ? `${command} is not installed` : `${command} ${how}`, missing, stderr)
}

/** A program that has read enough closes its input: what is left is nobody's. */
async function feed(child: ChildProcess, input: AsyncIterable<Buffer>): Promise<void> {
  const stdin = child.stdin!
  let open = true
  stdin.on('error', () => {})
  stdin.on('close', () => {
    open = false
  })
  for await (const chunk of input) {
    // Not before it is written may the chunk's memory be used again.
    await new Promise<void>((resolve) => {
      if (open) stdin.write(chunk, () => resolve())
      else resolve()
    })
    if (!open) return
  }
  stdin.end()
}
