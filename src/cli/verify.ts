import { openReader } from '../log/connection.ts'
import { printable } from '../output/table.ts'
import { verify } from '../projection/verify.ts'
import { Exit, type Run, UsageError } from './command.ts'
import { many } from './summary/quantity.ts'

/** Prints what is wrong with the database, one problem a line; exit 3 where there is any. */
export const run: Run = async (_, { db: path, format }, io) => {
  if (format === 'csv' || format === 'arrow')
    throw new UsageError(`verify: --format ${format} is for tables; give table or json`)
  const db = openReader(path)
  try {
    const problems = verify(db)
    const captures = db.sqlite.prepare('SELECT count(*) FROM capture').pluck().get() as number
    if (format === 'table') {
      for (const { capture, message } of problems)
        io.stdout.write(`${capture === null ? '' : `capture ${capture}: `}${printable(message)}\n`)
      io.stdout.write(
        problems.length === 0
          ? `sound: ${many(captures, 'capture')}, each line as it was read, the read models equal to a fresh replay\n`
          : `${many(problems.length, 'problem')}. Where only read models are wrong, revenant rebuild mends them; else ingest the traces into a new database.\n`,
      )
    } else io.stdout.write(`${JSON.stringify({ captures, sound: problems.length === 0, problems })}\n`)
    return problems.length === 0 ? Exit.done : Exit.input
  } finally {
    db.close()
  }
}
