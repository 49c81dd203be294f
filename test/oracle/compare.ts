import type { OracleFinding } from './oracle.ts'

/** A finding as the engine gives it. */
export interface EngineFinding {
  rule: string
  ino: bigint | null
  importerDevice: string | null
  verdict: string
  severity: string
}

interface Claim {
  rule: string
  ino: string | null
  importer: string | null
  note: string
}

/**
 * Where the two judgements differ: violated findings of severity warning and above as multisets of (rule, ino, importer),
 * and with `undetermined` the undetermined ones in the same way. An importer or ino that one side leaves null matches any.
 *
 * @returns One line per difference, naming who alone claims it; empty where they agree.
 */
export function differences(
  oracle: readonly OracleFinding[],
  engine: readonly EngineFinding[],
  options: { undetermined?: boolean } = {},
): string[] {
  const verdicts = options.undetermined ? ['violated', 'undetermined'] : ['violated']
  return verdicts.flatMap((verdict) => {
    const counts = (f: { verdict: string; severity: string }) => f.verdict === verdict && f.severity !== 'info'
    const ours = oracle.filter(counts).map((f): Claim => ({ ...f, note: f.why }))
    const theirs = engine.filter(counts).map(
      (f): Claim => ({
        rule: f.rule,
        ino: f.ino === null ? null : String(f.ino),
        importer: f.importerDevice,
        note: '',
      }),
    )
    const [onlyOurs, onlyTheirs] = [equal, compatible].reduce(unmatched, [ours, theirs])
    return [
      ...onlyOurs.map((c) => `only the oracle, ${verdict}: ${label(c)}${hint(engine, c)}`),
      ...onlyTheirs.map((c) => `only the engine, ${verdict}: ${label(c)}${hint(oracle, c)}`),
    ]
  })
}

type Match = (a: Claim, b: Claim) => boolean

const equal: Match = (a, b) => a.rule === b.rule && a.ino === b.ino && a.importer === b.importer
const agree = (a: string | null, b: string | null) => a === null || b === null || a === b
const compatible: Match = (a, b) => a.rule === b.rule && agree(a.ino, b.ino) && agree(a.importer, b.importer)

/** What is left of both sides once every claim has been struck out against one that matches it. */
function unmatched([ours, theirs]: [Claim[], Claim[]], match: Match): [Claim[], Claim[]] {
  const left = [...theirs]
  const alone = ours.filter((claim) => {
    const index = left.findIndex((other) => match(claim, other))
    if (index >= 0) left.splice(index, 1)
    return index < 0
  })
  return [alone, left]
}

const label = (c: Claim) => `${c.rule} ino=${c.ino ?? '-'} importer=${c.importer ?? '-'}${c.note && ` (${c.note})`}`

/** What the other side says of the same rule and buffer, under whatever verdict. */
function hint(others: readonly { rule: string; ino: string | bigint | null; verdict: string }[], claim: Claim): string {
  const near = others.filter((o) => o.rule === claim.rule && agree(o.ino === null ? null : String(o.ino), claim.ino))
  return near.length === 0 ? '' : `; the other side has ${near.map((o) => o.verdict).join(', ')}`
}
