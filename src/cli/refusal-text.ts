import type { Refusal } from '../../ingest/refusal.ts'
import { printable } from '../output/table.ts'

/** A refused input, as one line on stderr. */
export function refusalText(path: string, { message, advice }: Refusal): string {
  const about = message.includes(path) ? '' : `${path}: `
  return `revenant: ${printable(`${about}${message} ${advice}`)}\n`
}
