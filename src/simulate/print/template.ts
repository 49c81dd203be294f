import type { Fields } from '../kernel/machine.ts'

/** `ino={ino} dev="{device}"`, ready to be filled in. */
export type Template = (fields: Fields) => string

/** Compiles the text once: events come by the million. */
export function template(text: string): Template {
  const parts = text.split(/\{(\w+)\}/)
  return (fields) => {
    let line = parts[0]!
    for (let i = 1; i < parts.length; i += 2) line += `${fields[parts[i]!] ?? ''}${parts[i + 1]}`
    return line
  }
}
