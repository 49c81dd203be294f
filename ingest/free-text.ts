/** Events whose text is anybody's and may contain line feeds; what follows without a context belongs to them. */
export const FREE_TEXT = new Set(['tracing_mark_write', 'print', 'bprint', 'bputs', 'bpf_trace_printk', 'console', '0'])
