/**
 * What is said to people is not judged by mutants. A text is wording where it has a blank between words and stands
 * outside `recognise/`, whose texts are the kernel's: names, kinds, keys and devices have no blanks.
 */

interface Path {
  node: { type: string; value?: unknown; quasis?: readonly { value: { raw: string } }[] }
  hub?: { file?: { opts?: { filename?: string } } }
}

export const WORDING = {
  shouldIgnore(path: object): string | undefined {
    const { node, hub } = path as Path
    if (hub?.file?.opts?.filename?.includes('/recognise/')) return
    const text = textOf(node)
    return text !== null && /[\p{L}\d,;:')] \S|\S [\p{L}(]/u.test(text) ? 'wording' : undefined
  },
}

function textOf({ type, value, quasis }: Path['node']): string | null {
  if (type === 'StringLiteral') return String(value)
  return type === 'TemplateLiteral' ? quasis!.map(({ value }) => value.raw).join('…') : null
}
