/**
 * Tells by its name whether an event is meant: the event's own name, or `group:event` as perf script prints it.
 * A pattern with a colon is compared with both parts, any other one with the event alone.
 */
export type NamePattern = (name: string) => boolean

/**
 * Glob patterns, in which `*` is any text and `?` any one character; `all` is every event.
 *
 * @example namePattern(['sched_*'])('sched:sched_switch') // true
 */
export function namePattern(globs: readonly string[]): NamePattern {
  if (globs.length === 0) return () => false
  const whole = new RegExp(`^(?:${globs.map((glob) => (glob === 'all' ? '.*' : expression(glob))).join('|')})$`)
  return (name) => whole.test(name) || whole.test(bareName(name))
}

/** `sched:sched_switch` → `sched_switch`. */
export function bareName(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1)
}

/** `sched:sched_switch` → `sched`; null where the name has no group. */
export function groupOf(name: string): string | null {
  const colon = name.lastIndexOf(':')
  return colon < 1 ? null : name.slice(0, colon)
}

function expression(glob: string): string {
  return glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
}
