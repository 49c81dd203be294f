import type { Simulation, SimulationOptions } from '../simulate.ts'
import { isComplete } from '../simulate.ts'
import type { TrueFinding } from './truth.ts'

/**
 * The truth as a document beside the trace: `findings` that the trace proves, `arguable` ones that really happened and
 * that it may leave open, and the resets and revocations with their verdicts. Times in seconds of the trace's clock.
 */
export function truthDocument(trace: string, options: SimulationOptions, simulation: Simulation): object {
  const { truth, begin } = simulation
  const complete = isComplete(options)
  const seconds = (at: number) => secondsOf(begin + BigInt(Math.round(at)))
  const row = ({ rule, severity, ino, importer, exporter, at, why }: TrueFinding) => ({
    rule,
    severity,
    ...(ino === null ? {} : { ino: String(ino) }),
    ...(importer === null ? {} : { importer_device: importer }),
    ...(exporter === null ? {} : { exporter_device: exporter }),
    at: seconds(at),
    why,
  })
  const proved = (finding: TrueFinding) => complete && finding.provable
  // Of an episode that a hole or a doubt touches, nobody can say more than that it is not what it is not.
  const verdict = (one: { violated: boolean; doubtful: boolean }) =>
    one.violated ? (complete ? 'violated' : 'violated|undetermined') : one.doubtful || !complete ? undefined : 'clean'
  return {
    trace,
    scenario: options.scenario,
    seed: options.seed,
    complete,
    findings: truth.findings
      .filter(proved)
      .filter(({ severity }) => severity !== 'info')
      .map((finding) => ({ ...row(finding), verdict: 'violated' })),
    arguable: truth.findings.filter((finding) => !proved(finding)).map(row),
    resets: truth.resets.map(({ device, method, trigger, at, live, ...one }) => ({
      device,
      method: method === 'unknown' ? undefined : method,
      trigger,
      started_at: seconds(at),
      mappings_live: complete ? live : undefined,
      verdict: verdict(one),
    })),
    revocations: truth.revocations.map(({ ino, cause, permanent, at, ...one }) => ({
      ino: String(ino),
      cause,
      permanent,
      requested_at: seconds(at),
      verdict: verdict(one),
    })),
  }
}

const BILLION = 1_000_000_000n

function secondsOf(ns: bigint): string {
  return `${ns / BILLION}.${(ns % BILLION).toString().padStart(9, '0').slice(0, 6)}`
}
