/** A piece of a context: `-1234 [001]`, `-1234 ( 567)`, `[001] `, `12.345678: `. */
const CONTEXT_PIECE = /-\d+\s+(?:\([\s\d-]+\)|\[\d)|(?:^|\s)\[\d{3,}\]\s|\d\.\d{6,9}: /

/** `[...]`, `[snip]`, `<snip>`, `...`, `[ 12 lines skipped ]`. */
const LEFT_OUT =
  /^\s*(?:\.{3,}|…|[[<(].{0,40}?(?:\.{3}|…|snip|cut|skip|trimmed|omitted).{0,40}?[\])>]|-+ ?(?:snip|8<|>8).*)\s*$/i

const LONGEST_LEFT_OUT = 256

/** Whether a line holds a piece of what only trace lines have: damaged or not, it is none of the words around it. */
export function resemblesTrace(text: string): boolean {
  return CONTEXT_PIECE.test(text)
}

/** Whether a line says that lines were left out of what is quoted. */
export function isLeftOut(text: string): boolean {
  return text.length <= LONGEST_LEFT_OUT && LEFT_OUT.test(text)
}
