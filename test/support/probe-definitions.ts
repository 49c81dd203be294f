/** Definitions as they are written to `dynamic_events`, out of shell scripts that call them `dyn '…'`. */
export interface ProbeDefinition {
  /** f: fprobe, p: kprobe, r: kretprobe, t: probe on a tracepoint, e: on an event. */
  kind: 'f' | 'p' | 'r' | 't' | 'e'
  name: string
  /** Function, tracepoint or `system.event`. */
  target: string
  isReturn: boolean
  /** Field names in order, with the expression that each prints. */
  fields: { name: string; expression: string; type: string }[]
}

export function probeDefinitions(script: string): ProbeDefinition[] {
  return script.split('\n').flatMap((line) => {
    const text = /^dyn (['"])(.*)\1$/.exec(line.trim())?.[2]?.replaceAll("'", '').replaceAll('\\$', '$')
    return text ? [probeDefinition(text)] : []
  })
}

/** One line of `dynamic_events`. */
export function probeDefinition(text: string): ProbeDefinition {
  const [head, target, ...args] = text.split(' ')
  const [kind, path] = [head![0] as ProbeDefinition['kind'], head!.slice(2)]
  return {
    kind,
    name: path.slice(path.indexOf('/') + 1),
    target: target!.replace('%return', ''),
    isReturn: kind === 'r' || target!.endsWith('%return'),
    fields: args.map(fieldOf),
  }
}

/** `ino=dmabuf->file->f_inode->i_ino:u64`, or a bare `attach`, whose name is its own. */
function fieldOf(argument: string) {
  const named = /^(\w+)=(.*)$/.exec(argument)
  const expression = named ? named[2]! : argument
  const type = /:(\w+)$/.exec(expression)?.[1] ?? ''
  return { name: named ? named[1]! : argument, expression: expression.replace(/:\w+$/, ''), type }
}

/** The payload that the kernel prints for the probe, where its fields have these values. */
export function printProbe(
  probe: ProbeDefinition,
  values: (field: ProbeDefinition['fields'][number]) => string,
): string {
  const head = {
    t: `(__probestub_${probe.target}+0x4/0x10)`,
    e: `(${probe.target})`,
  }[probe.kind as 't' | 'e']
  const place = probe.isReturn
    ? `(some_caller+0x47/0x80 [some_mod] <- ${probe.target})`
    : `(${probe.target}+0x4/0x120 [some_mod])`
  return [head ?? place, ...probe.fields.map((field) => `${field.name}=${print(field.type, values(field))}`)].join(' ')
}

function print(type: string, value: string): string {
  return type === 'string' ? `"${value}"` : value
}
