/**
 * The process in which rules of the user's own run: a statement that never ends cannot be stopped in any other way, and
 * code that is not ours has no business where the log is written. Forked by `judge-log.ts`.
 */
import { judge } from './judge.ts'
import type { Message, Task } from './judging.ts'
import { resolveRuleApi } from './load-module.ts'

process.once('message', (task: Task) => {
  resolveRuleApi()
  judge(task, tell)
    .catch((error: { message?: string; exitCode?: number }) =>
      tell({ kind: 'failed', message: error.message ?? String(error), exitCode: error.exitCode ?? null }),
    )
    .finally(() => process.disconnect())
})

function tell(message: Message): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, (error: Error | null) => (error ? reject(error) : resolve()))
  })
}
