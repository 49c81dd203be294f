/** Events whose text is anybody's and may contain line feeds; what follows without a context belongs to them. */
const FREE_TEXT = new Set(['tracing_mark_write', 'print', 'bprint', 'bputs', 'bpf_trace_printk', 'console', '0'])

/** Whether the event of this name is one of them; perf script prints its group, too. */
export function isFreeText(name: string): boolean {
  return FREE_TEXT.has(name.slice(name.indexOf(':') + 1))
}
