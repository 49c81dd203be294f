import type { FieldExpression } from './expression.ts'
import type { Signature } from './functions.ts'
import type { StructLayout } from './struct-layout.ts'

/** A field as a kprobe takes it, or the member whose offset nobody knows. */
export type KprobeField = { ok: true; text: string } | { ok: false; unknown: string }

/** Registers of the first arguments by the calling convention of amd64. */
const REGISTERS = ['%di', '%si', '%dx', '%cx', '%r8', '%r9']

/**
 * `ino=dmabuf->file->f_inode->i_ino:u64` → `ino=+64(+32(+8(%di))):u64` (Documentation/trace/kprobetrace.rst). In return
 * probes arguments are `$arg1`, …, as they were at the entry.
 */
export function kprobeField(
  expression: FieldExpression,
  { parameters, returns }: Signature,
  layout: StructLayout,
  isReturn: boolean,
): KprobeField {
  const { field, base, steps, type } = expression
  const index = parameters.findIndex(([name]) => name === base)
  if (base !== '$retval' && index < 0) return { ok: false, unknown: base }
  let struct = base === '$retval' ? returns : parameters[index]![1]
  const root = base === '$retval' ? '$retval' : isReturn ? `$arg${index + 1}` : REGISTERS[index]!
  /** The pointer that has been read, and how far behind it the embedded structures go. */
  let pointer = root
  let offset: number | null = null
  for (const { by, member } of steps) {
    const found = struct === null ? null : layout.member(struct, member)
    if (!found) return { ok: false, unknown: `${struct ?? base}.${member}` }
    if (by === '->' && offset !== null) pointer = `+${offset}(${pointer})`
    offset = (by === '->' ? 0 : (offset ?? 0)) + found.offset
    struct = found.struct
  }
  const value = offset === null ? pointer : `+${offset}(${pointer})`
  return { ok: true, text: `${field}=${type === 'string' ? `+0(${value})` : value}:${type}` }
}
