/** Kernel text taken apart into lines, for tests that leave some out or change them. */
export interface TraceLine {
  text: string
  /** Null where the line is no event: headers, markers of loss, stack frames. */
  event: { cpu: number; name: string; payload: string } | null
}

/** `print_trace_line()` of kernel/trace/trace.c, as far as these tests take it apart. */
const EVENT = /^.{16}-\d+\s+(?:\([\s\d-]+\)\s+)?\[(\d{3,})\]\s+(?:[A-Za-z0-9.#]{4,8}\s+)?\d+\.\d{6}: ([^\s:]+): ?(.*)$/

export function splitTrace(text: string): TraceLine[] {
  return text
    .split('\n')
    .slice(0, text.endsWith('\n') ? -1 : undefined)
    .map((line) => {
      const match = EVENT.exec(line)
      return { text: line, event: match ? { cpu: Number(match[1]), name: match[2]!, payload: match[3]! } : null }
    })
}

export function joinTrace(lines: readonly TraceLine[]): Buffer {
  return Buffer.from(`${lines.map((line) => line.text).join('\n')}\n`, 'latin1')
}

/** The function, tracepoint or event that a line's probe sits on; its name where it is no probe. */
export function probedFunction({ name, payload }: NonNullable<TraceLine['event']>): string {
  const arrow = /^\([^)]* <- ([\w.]+)/.exec(payload)
  if (arrow) return arrow[1]!
  return /^\(([\w.]+)(?:\+0x|\))/.exec(payload)?.[1] ?? name
}

export function isReturn({ payload }: NonNullable<TraceLine['event']>): boolean {
  return /^\([^)]* <- /.test(payload)
}
