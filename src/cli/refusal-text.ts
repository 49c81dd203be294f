import type { Refusal } from '../../ingest/refusal.ts'
import { printable } from '../output/table.ts'

/** Why an input cannot be used and what to do, as one line for stderr. */
export function refusalText(path: string, { message, advice }: Refusal): string {
  const about = message.includes(path) ? '' : `${path}: `
  return `revenant: ${printable(`${about}${message} ${advice}`)}\n`
}
