/** A field of a probe as `probe-set.ts` writes it, taken apart. */
export interface FieldExpression {
  /** What the trace calls it. */
  field: string
  /** A parameter of the probed function, or `$retval`. */
  base: string
  /** `->` follows a pointer, `.` goes into an embedded structure. */
  steps: { by: '->' | '.'; member: string }[]
  /** `u64`, `x64`, `string`, `symbol`, … */
  type: string
}

/** `ino=dmabuf->file->f_inode->i_ino:u64`. Throws where the text is no such field: it is this program's own. */
function parseField(text: string): FieldExpression {
  const match = /^(\w+)=(\$?\w+)((?:(?:->|\.)\w+)*):(\w+)$/.exec(text)
  if (!match) throw new SyntaxError(`"${text}" is no field of a probe`)
  const steps = [...match[3]!.matchAll(/(->|\.)(\w+)/g)].map(([, by, member]) => ({
    by: by as '->' | '.',
    member: member!,
  }))
  return { field: match[1]!, base: match[2]!, steps, type: match[4]! }
}

/** The alternatives of a field, the preferred one first: `exp=exp_info->exp_name:string | $retval->exp_name:string`. */
export function alternatives(text: string): FieldExpression[] {
  const field = text.slice(0, text.indexOf('=') + 1)
  return text.split(' | ').map((one, index) => parseField(index === 0 ? one : field + one))
}

/** As an fprobe with BTF takes it: `ino=dmabuf->file->f_inode->i_ino:u64`. */
export function fprobeField({ field, base, steps, type }: FieldExpression): string {
  return `${field}=${base}${steps.map(({ by, member }) => by + member).join('')}:${type}`
}
