import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { createApp } from '../http/app.ts'
import { openReader } from '../log/connection.ts'
import { judgeLog } from '../own-rules/judge-log.ts'
import { Exit, type RulesOption, type Run, UsageError } from './command.ts'

/** How long answers under way may take to end after an interrupt. */
const GRACE_MS = 2_000

/** Serves until interrupted, which is how it is meant to end: exit 0. */
export const run: Run<{ port: number } & RulesOption> = async (_, { db, port, rules }, { stderr, signal }) => {
  openReader(db).close()
  if (rules !== undefined) await judgeLog({ folder: rules, db: null, signal })
  const app = createApp({ db, rules })
  const server = createAdaptorServer({ fetch: app.fetch })
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    app.close()
    const { code, message } = error as NodeJS.ErrnoException
    const reason = code === 'EADDRINUSE' ? 'another program uses it' : message
    throw new UsageError(`serve: port ${port} of 127.0.0.1 cannot be opened: ${reason}; choose another with --port`)
  }
  stderr.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1\n`)
  if (!signal.aborted) await once(signal, 'abort')
  server.close()
  if ('closeIdleConnections' in server) server.closeIdleConnections()
  const force = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), GRACE_MS)
  await once(server, 'close')
  clearTimeout(force)
  app.close()
  return Exit.done
}
