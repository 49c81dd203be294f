import { printable } from '../../output/table.ts'
import type { IngestOutcome } from '../../projection/ingest-request.ts'
import { Exit, type Io } from '../command.ts'
import type { CaptureOptions } from '../ingest-options.ts'
import { refusalText } from '../refusal-text.ts'
import { type FollowedTrace, openFollowed } from './open-followed.ts'
import { openTap } from './open-tap.ts'

export interface FollowRequest {
  path: string
  options: CaptureOptions
  idleMs: number
  quiet: boolean
  /** Ingests one capture until it ends, and says what came of it. */
  ingest(trace: FollowedTrace): Promise<{ code: number; outcome: IngestOutcome }>
}

/** Follows what is under a name: a capture for each file that has it, one after the other. Gives their exit codes. */
export async function followTrace({ path, options, idleMs, quiet, ingest }: FollowRequest, io: Io): Promise<number[]> {
  const name = printable(path)
  const codes: number[] = []
  const remark = (text: string) => void (quiet || io.stderr.write(`revenant: ${name}: ${text}\n`))
  for (let told = false; ; told = true) {
    const opened = await openTap(path, io.stdin)
    if (!told && opened.kind !== 'refused') remark('following; ^C ends it')
    const limits = { signal: io.signal, idleMs }
    const trace = opened.kind === 'refused' ? opened : await openFollowed(path, opened, options, limits)
    if (trace.kind === 'refused') {
      // The name lost its file again, between two captures.
      if (told && trace.code === 'missing') return codes
      io.stderr.write(refusalText(path, trace))
      return [...codes, Exit.input]
    }
    if (trace.kind === 'nothing') {
      if (trace.end === 'rotated' || trace.end === 'truncated') continue
      if (trace.end === 'interrupted') remark('interrupted before a line of a trace came; nothing was committed')
      else if (codes.length === 0 && trace.refusal) io.stderr.write(refusalText(path, trace.refusal))
      return [...codes, ...(trace.end === 'interrupted' ? [Exit.interrupted] : codes.length === 0 ? [Exit.input] : [])]
    }
    try {
      let { code, outcome } = await ingest(trace)
      codes.push(code)
      // What the log has whole may still grow: then it is another content.
      while (outcome.duplicate && (await trace.growsBeyond(outcome.capture!.bytes))) {
        const again = await ingest(trace)
        outcome = again.outcome
        codes.push(again.code)
      }
      const end = trace.end()
      if (end === 'interrupted') {
        if (!outcome.interrupted) remark('interrupted; what was read is committed, and complete as a capture')
        return [...codes, Exit.interrupted]
      }
      if (end === 'rotated') remark('another file has this name now: going on with that one, as a capture of its own')
      else if (end === 'truncated')
        remark('the file was written anew: what was read before is a capture, going on with a new one')
      else return codes
    } finally {
      trace.close()
    }
  }
}
