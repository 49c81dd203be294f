import { FUNCTIONS } from '../domain/recognise/functions.ts'
import { TRACEPOINT_TYPES } from '../domain/recognise/tracepoints.ts'
import { redactPointers } from './numbers.ts'
import type { Pseudonyms } from './pseudonyms.ts'

const OFFSET = '\\+0x[0-9a-f]+(?:/0x[0-9a-f]+)?'
const MODULE = '(?: \\[[\\w-]+\\])?(?: <[0-9a-f]{8,16}>)?'
const NAME = '[A-Za-z_.$][\\w.$]*'
const PLACE = `(?:${NAME}${OFFSET}${MODULE}|0x[0-9a-f]{1,16}|\\[unknown/kretprobe'd\\])`
/** `(function+0x4/0x10 [module])`, `(caller+0x47/0x80 [module] <- function)`, with addresses where there are no symbols. */
const HEAD = new RegExp(`^\\((?:${PLACE}|${PLACE} <- ${NAME}(?:${OFFSET})?${MODULE})\\)(?= |$)`)
/** `(function)`, `(group.event)` of an event probe. */
const SHORT = /^\((?:\w+[./])?(\w+)\)(?= |$)/

/**
 * The head of a dynamic event's payload with other addresses in it; symbols and modules stay. Null where the payload does
 * not begin with one: in parentheses anybody's text may stand.
 */
export function redactHead(payload: string, names: Pseudonyms): { head: string; length: number } | null {
  const head = HEAD.exec(payload)?.[0]
  if (head !== undefined) return { head: redactPointers(head, names), length: head.length }
  const short = SHORT.exec(payload)
  if (!short || !(FUNCTIONS.has(short[1]!) || TRACEPOINT_TYPES.has(short[1]!))) return null
  const event = /^\((dma_buf|dma_fence|iommu|pci|sched)[./]/.test(short[0]) || /^\(\w+\)$/.test(short[0])
  return event ? { head: short[0], length: short[0].length } : null
}
