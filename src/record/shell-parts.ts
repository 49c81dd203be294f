/** What the shell and the trace-cmd recipe have in common. */
import type { Plan } from './plan.ts'

export const FIND_TRACEFS = `
T=\${TRACEFS:-/sys/kernel/tracing}
[ -e "$T/trace" ] || T=/sys/kernel/debug/tracing
if [ ! -w "$T/trace" ]; then
  echo 'no tracefs that can be written: be root, and: mount -t tracefs nodev /sys/kernel/tracing' >&2
  exit 1
fi
mkdir -p "$OUT" || exit 1
if [ -e "$OUT/trace.txt" ]; then
  echo "$OUT holds a recording already: move it away, or name another folder: OUT=…" >&2
  exit 1
fi
`.trim()

/** Sets the probes one by one: those that were set are in `$made`, refused ones are told and passed over. */
export function probeSection({ definitions, probes }: Plan): string {
  if (definitions.length === 0) return '# This tier sets no probes.'
  const other = probes === 'fprobe' ? 'kprobe' : 'fprobe'
  return `
probe() { # EVENT DEFINITION
  if [ -d "$T/events/$1" ]; then
    probes="$probes $1"
    echo "$1 is there already: it is used as it is, and stays" >&2
  elif printf '%s\\n' "$2" 2>/dev/null >>"$T/dynamic_events"; then
    probes="$probes $1"
    made="$made $1"
  else
    refused=$((refused + 1))
    echo "refused: $2" >&2
    # The function may be inlined, or of a module that is not loaded.
    { echo "$2"; tail -n 4 "$T/error_log" 2>/dev/null; } >>"$OUT/refused.txt"
  fi
}
refused=0
${definitions.map(({ event, text }) => `probe ${event} '${text}'`).join('\n')}
if [ "$refused" -gt 0 ]; then
  echo "$refused of ${definitions.length} probes were refused, see $OUT/refused.txt; the recording goes on without them" >&2
  [ -n "$probes" ] || echo 'none was accepted: try revenant record --probes ${other}' >&2
fi
`.trim()
}

export const RUN_UNTIL = `
if [ $# -gt 0 ]; then
  # ^C ends the command, and then the recording.
  trap : INT
  "$@"
  status=$?
  exit "$status"
else
  running=1
  trap 'running=' INT
  echo 'recording; ^C ends it' >&2
  while [ -n "$running" ]; do sleep 1; done
  exit 0
fi
`.trim()
