/** The recipe as a POSIX shell script that records through tracefs alone. */
import type { Plan } from './plan.ts'
import { preface } from './preface.ts'
import { FIND_TRACEFS, probeSection, RUN_UNTIL } from './shell-parts.ts'
import { shellWord } from './shell-word.ts'

export function shellRecipe(plan: Plan): string {
  return `#!/bin/sh
${preface(plan, '#', [
  'Run it as root: sh recipe.sh [COMMAND…] records while the command runs, or until ^C. It records into a trace',
  'instance of its own where the kernel has them, puts everything back at the end, and leaves a folder for',
  'revenant ingest.',
])}
# shellcheck disable=SC2016,SC2317 # $retval and $arg1 are the kernel's; restore is called by traps
set -u
OUT=\${OUT:-${shellWord(plan.output)}}
CLOCK=${shellWord(plan.clock)}
BUFFER_KB=${plan.bufferKb} # of each CPU
${FIND_TRACEFS}
${START}
${probeSection(plan)}
${ENABLE}
${plan.events.map(({ path }) => `native '${path}'`).join('\n')}
for event in $probes; do turn_on "$event"; done
put 1 "$B/tracing_on"

${RUN_UNTIL}
`
}

/** Sets up where events go; from here on, whatever ends the script saves and restores. */
const START = `
# An instance has its own buffer, clock, options and events: nobody else's tracing is touched.
B=$T/instances/revenant
if [ -d "$B" ]; then
  echo "$B is there already: another recording runs, or one was killed. If none runs: rmdir $B" >&2
  exit 1
fi
if ! mkdir "$B" 2>/dev/null; then
  B=$T
  if [ -n "$(cat "$T/set_event")" ]; then
    echo "no trace instance can be made, and somebody else's events are enabled in $T: not recording" >&2
    exit 1
  fi
fi

first_word() { read -r word _ <"$1" && printf '%s' "$word"; }
old_on=$(first_word "$B/tracing_on")
old_size=$(first_word "$B/buffer_size_kb")
old_clock=$(sed 's/.*\\[\\(.*\\)\\].*/\\1/' "$B/trace_clock")
old_hash=$(first_word "$B/options/hash-ptr" 2>/dev/null)
old_tgid=$(first_word "$B/options/record-tgid" 2>/dev/null)
enabled=
probes=
made=

put() { printf '%s\\n' "$1" 2>/dev/null >"$2"; }

save() {
  cat "$B/trace" >"$OUT/trace.txt"
  cat "$B/trace_clock" >"$OUT/trace_clock"
  for cpu in "$B"/per_cpu/cpu*; do
    echo "# \${cpu##*/}"
    cat "$cpu/stats"
  done >"$OUT/stats.txt"
  cat "$T/dynamic_events" >"$OUT/probes.txt"
  uname -a >"$OUT/uname.txt"
  cat /proc/sys/kernel/random/boot_id >"$OUT/boot_id.txt" 2>/dev/null
  dmesg >"$OUT/dmesg.txt" 2>/dev/null
  echo "saved in $OUT: revenant ingest $OUT/trace.txt" >&2
}

restore() {
  trap '' INT HUP TERM
  trap - EXIT
  put 0 "$B/tracing_on"
  save
  for event in $enabled; do put 0 "$B/events/$event/enable"; done
  for event in $made; do printf '%s\\n' "-:$event" >>"$T/dynamic_events"; done
  if [ "$B" != "$T" ]; then
    rmdir "$B"
  else
    put "$old_clock" "$B/trace_clock"
    [ "$old_size" = X ] || put "$old_size" "$B/buffer_size_kb"
    [ -z "$old_hash" ] || put "$old_hash" "$B/options/hash-ptr"
    [ -z "$old_tgid" ] || put "$old_tgid" "$B/options/record-tgid"
    put "$old_on" "$B/tracing_on"
  fi
}
trap restore EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

put 0 "$B/tracing_on"
put "$CLOCK" "$B/trace_clock" || echo "the clock $CLOCK was refused: the trace has another, see $OUT/trace_clock" >&2
put "$BUFFER_KB" "$B/buffer_size_kb" || echo "a buffer of $BUFFER_KB KiB a CPU was refused: events may be lost" >&2
# Else native events print pointers that no probe's pointer can be compared with.
put 0 "$B/options/hash-ptr" || echo 'hash-ptr was refused: native events will show hashed pointers' >&2
put 1 "$B/options/record-tgid" || echo 'record-tgid was refused: processes will not be told from threads' >&2
`.trim()

const ENABLE = `
turn_on() {
  [ "$(cat "$B/events/$1/enable")" = 0 ] || return 0
  if put 1 "$B/events/$1/enable"; then enabled="$enabled $1"; else echo "cannot enable $1" >&2; fi
}
native() { # SYSTEM/EVENT, or SYSTEM/*
  for path in "$B"/events/$1/enable; do
    event=\${path%/enable}
    if [ -f "$path" ]; then turn_on "\${event#"$B"/events/}"; else echo "this kernel has no event $1" >&2; fi
  done
}
`.trim()
