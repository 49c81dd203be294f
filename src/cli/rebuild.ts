import { existsSync } from 'node:fs'
import { openWriter } from '../log/connection.ts'
import { LogError } from '../log/errors.ts'
import { rebuild } from '../projection/rebuild.ts'
import { captureNumber } from './capture-number.ts'
import { type CaptureOption, Exit, type Run, UsageError } from './command.ts'
import { commandLine } from './own-name.ts'
import { many } from './summary/quantity.ts'

/** Makes the read models anew out of the log; what readers see changes at once, when all of it is done. */
export const run: Run<CaptureOption> = async (_, options, io) => {
  const { format } = options
  if (format === 'csv' || format === 'arrow')
    throw new UsageError(`rebuild: --format ${format} is for tables; give table or json`)
  if (!existsSync(options.db))
    throw new LogError(
      'database-missing',
      `${options.db}: there is no database, so there is nothing to rebuild; give its name with --db`,
    )
  const db = await openWriter(options.db)
  try {
    const capture = captureNumber(db.sqlite, options)
    const captures = rebuild(db, capture === null ? {} : { capture })
    const findings = Number(db.sqlite.prepare('SELECT count(*) FROM finding').pluck().get())
    if (format === 'table')
      io.stdout.write(
        `${many(captures, 'capture')} replayed; the log has ${many(findings, 'finding')}. See: ${commandLine('check', options.db)}\n`,
      )
    else io.stdout.write(`${JSON.stringify({ captures, findings })}\n`)
    return Exit.done
  } finally {
    db.close()
  }
}
