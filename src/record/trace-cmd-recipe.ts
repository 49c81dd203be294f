/** The recipe around trace-cmd: probes through tracefs, which trace-cmd cannot set, the rest through trace-cmd. */
import type { Plan } from './plan.ts'
import { preface } from './preface.ts'
import { FIND_TRACEFS, probeSection } from './shell-parts.ts'
import { shellWord } from './shell-word.ts'

export function traceCmdRecipe(plan: Plan): string {
  return `#!/bin/sh
${preface(plan, '#', [
  'Run it as root: sh recipe.sh [COMMAND…] records with trace-cmd while the command runs, or until ^C; then it',
  'removes its probes and leaves a folder for revenant ingest.',
])}
# shellcheck disable=SC2016,SC2317 # $retval and $arg1 are the kernel's; restore is called by traps
set -u
OUT=\${OUT:-${shellWord(plan.output)}}
CLOCK=${shellWord(plan.clock)}
BUFFER_KB=${plan.bufferKb} # of each CPU
command -v trace-cmd >/dev/null || { echo 'trace-cmd is not installed; revenant record --as shell does without' >&2; exit 1; }
${FIND_TRACEFS}
${START}
${probeSection(plan)}
${COLLECT}
${plan.events.map(({ path }) => `native '${path}'`).join('\n')}

${RECORD}
`
}

/** trace-cmd works in the top-level buffer, so what it sets there is put back. */
const START = `
if [ -n "$(cat "$T/set_event")" ]; then
  echo "somebody else's events are enabled in $T, and trace-cmd would end them: not recording" >&2
  exit 1
fi
first_word() { read -r word _ <"$1" && printf '%s' "$word"; }
old_on=$(first_word "$T/tracing_on")
old_size=$(first_word "$T/buffer_size_kb")
old_clock=$(sed 's/.*\\[\\(.*\\)\\].*/\\1/' "$T/trace_clock")
old_hash=$(first_word "$T/options/hash-ptr" 2>/dev/null)
old_tgid=$(first_word "$T/options/record-tgid" 2>/dev/null)
probes=
made=

put() { printf '%s\\n' "$1" 2>/dev/null >"$2"; }

restore() {
  trap '' INT HUP TERM
  trap - EXIT
  cat "$T/dynamic_events" >"$OUT/probes.txt"
  uname -a >"$OUT/uname.txt"
  cat /proc/sys/kernel/random/boot_id >"$OUT/boot_id.txt" 2>/dev/null
  dmesg >"$OUT/dmesg.txt" 2>/dev/null
  put 0 "$T/events/enable"
  for event in $made; do printf '%s\\n' "-:$event" >>"$T/dynamic_events"; done
  put "$old_clock" "$T/trace_clock"
  [ "$old_size" = X ] || put "$old_size" "$T/buffer_size_kb"
  [ -z "$old_hash" ] || put "$old_hash" "$T/options/hash-ptr"
  [ -z "$old_tgid" ] || put "$old_tgid" "$T/options/record-tgid"
  put "$old_on" "$T/tracing_on"
}
trap restore EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
put 0 "$T/options/hash-ptr"
put 1 "$T/options/record-tgid"
`.trim()

const COLLECT = `
# What is not there would make trace-cmd end.
wanted=
for event in $probes; do wanted="$wanted -e \${event%%/*}:\${event#*/}"; done
native() { # SYSTEM/EVENT, or SYSTEM/*
  for path in "$T"/events/$1/enable; do
    event=\${path%/enable}
    event=\${event#"$T"/events/}
    if [ -f "$path" ]; then wanted="$wanted -e \${event%%/*}:\${event#*/}"; else echo "this kernel has no event $1" >&2; fi
  done
}
`.trim()

const RECORD = `
# ^C ends trace-cmd, and what it has recorded is reported.
trap : INT
# shellcheck disable=SC2086 # one word for each event
trace-cmd record -C "$CLOCK" -b "$BUFFER_KB" -o "$OUT/trace.dat" $wanted "$@"
# -t: all digits of the time.
trace-cmd report -t "$OUT/trace.dat" >"$OUT/trace.txt" && echo "$CLOCK" >"$OUT/trace_clock" &&
  echo "saved in $OUT: revenant ingest $OUT/trace.txt" >&2
trace-cmd report --stat "$OUT/trace.dat" >"$OUT/stats.txt" 2>/dev/null
`.trim()
