import { createHash } from 'node:crypto'
import { openSnapshot } from '../../queries/run-query.ts'
import type { LogConnection } from '../log/connection.ts'
import { type Judged, judgeLog } from './judge-log.ts'
import { showFindings } from './show-findings.ts'

export interface Shown {
  rules: Judged['rules']
  /** Changes with what was found. */
  digest: string
}

/** Own findings for whoever reads a log again and again while it may grow. */
export interface JudgedLog {
  /** Shows them on a connection without a transaction, for the log as it is now. Throws `OwnRuleError`. */
  show(connection: LogConnection): Promise<Shown>
  /** Stops judging. */
  close(): void
}

/** The log is judged anew where it has changed since the last time; those who ask meanwhile wait for one answer. */
export function createJudgedLog(db: string, folder: string): JudgedLog {
  const stop = new AbortController()
  const shown = new WeakMap<LogConnection, Judged>()
  const digests = new WeakMap<Judged, string>()
  let latest: Judged | null = null
  let running: Promise<Judged> | null = null

  return {
    async show(connection) {
      const judged = await judgedAt(tagOf(connection))
      if (shown.get(connection) !== judged) showFindings(connection.sqlite, judged.findings)
      shown.set(connection, judged)
      return { rules: judged.rules, digest: digestOf(judged) }
    },
    close: () => stop.abort(),
  }

  async function judgedAt(tag: string): Promise<Judged> {
    // One that is under way may have begun before the log was what it is.
    if (running) await running.catch(() => {})
    if (latest?.tag === tag) return latest
    running ??= judgeLog({ folder, db, signal: stop.signal })
    try {
      latest = await running
    } finally {
      running = null
    }
    return latest
  }

  function digestOf(judged: Judged): string {
    let digest = digests.get(judged)
    if (digest === undefined) {
      const text = JSON.stringify(judged.findings, (_, value) => (typeof value === 'bigint' ? String(value) : value))
      digest = createHash('sha256').update(text).digest('base64url').slice(0, 12)
      digests.set(judged, digest)
    }
    return digest
  }
}

function tagOf(connection: LogConnection): string {
  const snapshot = openSnapshot(connection)
  snapshot.end()
  return snapshot.tag
}
