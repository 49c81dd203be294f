/** What the engine made of a simulated trace, beside what was acted out. */
import type { FindingRow } from '../../src/domain/read-model.ts'
import { ALL_PROBES } from '../../src/simulate/print/evidence.ts'
import type { Simulation, SimulationOptions } from '../../src/simulate/simulate.ts'
import type { Episode, TrueFinding } from '../../src/simulate/truth/truth.ts'
import type { Folded } from '../support/fold-file.ts'

const key = (rule: string, ino: unknown, importer: unknown) => `${rule} ino=${ino ?? '-'} importer=${importer ?? '-'}`
const keyOfTrue = ({ rule, ino, importer }: TrueFinding) => key(rule, ino, importer)
const keyOfFound = ({ rule, ino, importerDevice }: FindingRow) => key(rule, ino, importerDevice)

const counts = (keys: readonly string[]): Map<string, number> => {
  const all = new Map<string, number>()
  for (const one of keys) all.set(one, (all.get(one) ?? 0) + 1)
  return all
}

/** Findings from warning on: what is worth being right about; and of the others what is more than a remark. */
const grave = ({ severity, rule }: { severity: string; rule: string }) =>
  severity !== 'info' || rule === 'capability-changed'

/** Violated findings that nobody acted out: a defect whatever the trace lacks. */
export function falseClaims({ truth }: Simulation, folded: Folded): string[] {
  const acted = counts(truth.findings.map(keyOfTrue))
  const claimed = counts(
    folded.findings.filter((f) => f.severity !== 'info' && f.verdict === 'violated').map(keyOfFound),
  )
  return [...claimed].flatMap(([one, n]) =>
    n > (acted.get(one) ?? 0) ? [`false: ${one}, ${n} times and not ${acted.get(one) ?? 0}`] : [],
  )
}

/** Of a whole trace: what it proves and the engine did not say, and what it leaves open and the engine kept silent about. */
export function omissionsOf({ truth }: Simulation, folded: Folded): string[] {
  const violated = counts(folded.findings.filter((f) => f.verdict === 'violated').map(keyOfFound))
  const spoken = counts(folded.findings.map(keyOfFound))
  // That a probe was set cannot be known from a trace in which it never fired.
  const unprobed = new Set(folded.findings.filter((f) => f.missing?.endsWith('was its probe set?')).map(keyOfFound))
  const acted = truth.findings.filter(grave)
  // Of several that one address may have been of, the one named need not be the one that did it.
  const isSuspected = (one: string) =>
    one.startsWith('use-after-revoke ') &&
    [...spoken.keys()].some((other) => other.replace(/ino=\S+/, '') === one.replace(/ino=\S+/, ''))
  const provable = counts(acted.filter((f) => f.provable).map(keyOfTrue))
  const all = counts(acted.map(keyOfTrue))
  return [
    ...[...provable].flatMap(([one, n]) =>
      (violated.get(one) ?? 0) < n && !unprobed.has(one) ? [`missed: ${one}`] : [],
    ),
    ...[...all].flatMap(([one]) =>
      spoken.has(one) || provable.has(one) || isSuspected(one) ? [] : [`silent: ${one}`],
    ),
  ]
}

/** Of a whole trace: doubts where there is nothing to doubt. */
export function needlessDoubts({ truth }: Simulation, folded: Folded): string[] {
  const acted = counts(truth.findings.map(keyOfTrue))
  const doubted = counts(folded.findings.filter((f) => f.verdict === 'undetermined').map(keyOfFound))
  const rules = new Set(truth.findings.map(({ rule, importer }) => `${rule} ${importer}`))
  const suspected = (f: FindingRow) => f.rule === 'use-after-revoke' && rules.has(`${f.rule} ${f.importerDevice}`)
  const known = new Set(folded.findings.filter(suspected).map(keyOfFound))
  return [...doubted].flatMap(([one]) => (acted.has(one) || known.has(one) ? [] : [`doubt: ${one}`]))
}

interface Row {
  what: string
  ns: bigint
  verdict: string
  truth: Episode | null
}

/** How far apart the two may begin: a reset of which only the end was recorded begins there. */
const NEAR = 200_000_000n

/** Each revocation and reset of the trace with the one that was acted out, nearest first. */
function episodes({ truth, begin }: Simulation, { revocations, resets }: Folded): { rows: Row[]; unseen: Episode[] } {
  const acted: Episode[] = [...truth.revocations, ...truth.resets]
  const rows: Row[] = []
  const fits: ((one: Episode) => boolean)[] = []
  for (const r of revocations) {
    rows.push({ what: `revocation of ${r.ino}`, ns: r.requestedNs, verdict: r.verdict, truth: null })
    fits.push((one) => one.kind === 'revocation' && BigInt(one.ino) === r.ino)
  }
  for (const r of resets) {
    rows.push({ what: `reset of ${r.device}`, ns: r.startedNs, verdict: r.verdict, truth: null })
    fits.push((one) => one.kind === 'reset' && one.device === r.device && agree(one.trigger, r.trigger))
  }
  const pairs = rows.flatMap((row, i) =>
    acted.flatMap((one) => {
      if (!fits[i]!(one)) return []
      const away = begin + BigInt(Math.round(one.at)) - row.ns
      return [{ row, one, away: away < 0n ? -away : away }]
    }),
  )
  const unseen = new Set(acted)
  for (const { row, one, away } of pairs.sort((a, b) => (a.away < b.away ? -1 : 1))) {
    if (away > NEAR || row.truth !== null || !unseen.delete(one)) continue
    row.truth = one
  }
  return { rows, unseen: [...unseen] }
}

function agree(a: string, b: string): boolean {
  return a === b || a === 'unknown' || b === 'unknown'
}

/**
 * Episodes that are called clean and were not, or violated and were clean. That nobody used a mapping after its revoke
 * no verdict promises: without the kernel log it is not looked at.
 */
export function wrongVerdicts(
  simulation: Simulation,
  folded: Folded,
  { probes }: Pick<SimulationOptions, 'probes'> = { probes: ALL_PROBES },
): string[] {
  const blind = !probes.kinds.has('kernel-log') && simulation.truth.findings.some((f) => f.rule === 'use-after-revoke')
  return episodes(simulation, folded).rows.flatMap(({ what, ns, verdict, truth }) => {
    if (verdict === 'clean' && truth?.violated && !(blind && truth.kind === 'revocation'))
      return [`false all-clear: ${what} at ${ns}`]
    if (verdict === 'violated' && truth && !truth.violated && !truth.doubtful)
      return [`falsely violated: ${what} at ${ns}`]
    return []
  })
}

/** Of a whole trace: episodes that were not seen, were never acted out, or are left open; and wrong causes and methods. */
export function wrongEpisodes(simulation: Simulation, folded: Folded): string[] {
  const { rows, unseen } = episodes(simulation, folded)
  return [
    ...unseen.map((one) => `unseen: ${one.kind} of ${one.kind === 'reset' ? one.device : one.ino} at ${one.at}`),
    ...rows.flatMap(({ what, ns, verdict, truth }) =>
      truth === null
        ? [`not acted out: ${what} at ${ns}`]
        : verdict === 'undetermined' && !truth.violated && !truth.doubtful
          ? [`left open: ${what} at ${ns}`]
          : [],
    ),
  ]
}
