import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { OwnRule } from '../domain/rules.ts'
import type { Message, Task } from './judging.ts'
import type { NamedFinding } from './own-finding.ts'
import { OwnRuleError } from './own-rule-error.ts'

/** What a folder of rules made of a log. */
export interface Judged {
  /** All rules of the folder, also those that found nothing. */
  rules: OwnRule[]
  /** By capture and time. */
  findings: NamedFinding[]
  /** `Snapshot.tag` of the log as it was; null where there was none. */
  tag: string | null
}

export interface JudgeOptions {
  folder: string
  /** Path of the database; null checks the rules and judges nothing. */
  db: string | null
  capture?: number | null
  signal?: AbortSignal
}

const PROGRAM = fileURLToPath(new URL('./judge-process.ts', import.meta.url))
/** For the start of the process itself, on a machine that does much else. */
const START = 30_000

/**
 * Lets the rules in a folder judge a log, in a process of its own that is killed where a rule does not end. All of the
 * findings, or none: throws `OwnRuleError` for rules that cannot be used, and what else went wrong as an error that
 * carries `exitCode`.
 */
export function judgeLog({ folder, db, capture = null, signal }: JudgeOptions): Promise<Judged> {
  const child = fork(PROGRAM, [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
    // What a rule prints is no data.
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  child.send({ folder, db, capture } satisfies Task)
  return new Promise((resolve, reject) => listen(child, folder, signal, resolve, reject))
}

function listen(
  child: ChildProcess,
  folder: string,
  signal: AbortSignal | undefined,
  resolve: (judged: Judged) => void,
  reject: (error: unknown) => void,
): void {
  const findings: NamedFinding[] = []
  let step: Extract<Message, { kind: 'step' }> = { kind: 'step', files: [folder], deadline: START, doing: 'begin' }
  let timer = setTimeout(late, step.deadline)
  signal?.addEventListener('abort', aborted, { once: true })
  if (signal?.aborted) aborted()

  child.on('message', (message: Message) => {
    if (message.kind === 'step') {
      step = message
      clearTimeout(timer)
      timer = setTimeout(late, step.deadline)
    } else if (message.kind === 'found') findings.push(...message.findings)
    else if (message.kind === 'done') end(() => resolve({ rules: message.rules, findings, tag: message.tag }))
    else end(() => reject(failure(message)))
  })
  child.on('error', (error) => end(() => reject(error)))
  child.on('exit', (code, killed) =>
    end(() =>
      reject(OwnRuleError.of(step.files.join(', '), `the process of the rules ended (${killed ?? `exit ${code}`})`)),
    ),
  )

  /** Only the first end counts. */
  function end(how: () => void): void {
    clearTimeout(timer)
    signal?.removeEventListener('abort', aborted)
    child.removeAllListeners('message')
    child.kill('SIGKILL')
    how()
  }

  function late(): void {
    const { files, deadline, doing } = step
    const hint =
      files.length === 1 && files[0]!.endsWith('.sql') ? '; narrow it, or give it a line: -- deadline: 60' : ''
    end(() => reject(OwnRuleError.of(files.join(', '), `did not ${doing} within ${deadline / 1000} s${hint}`)))
  }

  function aborted(): void {
    end(() => reject(new Error('interrupted')))
  }
}

function failure({ message, exitCode }: Extract<Message, { kind: 'failed' }>): Error {
  if (exitCode === 2) return new OwnRuleError(message)
  return Object.assign(new Error(message), exitCode === null ? {} : { exitCode })
}
