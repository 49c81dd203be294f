/** Prints how to record a trace that proves something; with `--check`, says what a recorded one can prove. */
import { planDocument } from '../record/plan-document.ts'
import { RECIPES } from '../record/recipes.ts'
import { Exit, type RecordOptions, type Run, UsageError } from './command.ts'
import { planFromOptions } from './recording/plan-from-options.ts'
import { writeAll } from './write-all.ts'

export const run: Run<RecordOptions> = async (_, options, io) => {
  const { format, check } = options
  if (format !== 'table' && format !== 'json')
    throw new UsageError(`record: --format ${format} is for tables; leave it away, or give json`)
  if (check !== undefined) {
    const { checkRecordings } = await import('./recording/check-recordings.ts')
    return checkRecordings(check, options, io)
  }
  const plan = planFromOptions(options)
  const recipe = RECIPES[options.as]
  const refusal = recipe.refuses(plan)
  if (refusal !== null) throw new UsageError(`record: ${refusal}`)
  await writeAll([format === 'json' ? `${JSON.stringify(planDocument(plan))}\n` : recipe.write(plan)], io)
  return Exit.done
}
