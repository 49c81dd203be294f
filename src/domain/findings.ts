import type { ActType } from './act-type.ts'
import { unseenText } from './evidence/unseen.ts'
import type { FindingRow, ImporterClass } from './read-model.ts'
import { u64 } from './recognise/pointer.ts'
import type { EpisodeVerdict, RuleName, Severity, Verdict } from './rules.ts'
import { spaceDoubt } from './world/address-space.ts'
import type { Attachment, Buffer, Entity, Mapping, Reset, Revocation, Sighting } from './world/entities.ts'
import { describeGap, gapBetween } from './world/window.ts'
import { touch, type World } from './world/world.ts'

/** What a rule has to say. Whoever is named fills the finding's columns. */
export interface Draft {
  rule: RuleName
  severity: Severity
  summary: string
  at: Sighting
  evidence: readonly (Sighting | null | undefined)[]
  buffer?: Buffer | null
  attachment?: Attachment | null
  mapping?: Mapping | null
  revocation?: Revocation | null
  /** Others that it may have happened in, where that is not certain. */
  suspected?: readonly Revocation[]
  reset?: Reset | null
  exporterDevice?: string | null
  importerDevice?: string | null
  importerClass?: ImporterClass | null
  iova?: bigint | null
  comm?: string | null
  pid?: number | null
  /** The finding rests on nothing having happened between these times; null is the end of the trace on that side. */
  absent?: { from: bigint | null; to: bigint | null }
  /**
   * Kinds of act, or kernel functions, that must have been recordable: where none of the alternatives of an entry was
   * seen in the whole capture, the finding is undetermined.
   */
  needs?: readonly (readonly (ActType | string)[])[]
  /** Set where the events themselves leave it open. */
  missing?: string | null
}

export interface Finding extends Entity {
  draft: Draft
  severity: Severity
  verdict: Verdict
  missing: string | null
  evidence: number[]
}

export function report(world: World, draft: Draft): Finding {
  const missing = draft.missing ?? spaceDoubt(draft.mapping)
  const finding: Finding = {
    id: world.findings.length,
    dirty: false,
    draft,
    severity: draft.severity,
    verdict: missing ? 'undetermined' : 'violated',
    missing,
    evidence: [...new Set(draft.evidence.flatMap((s) => (s ? [s.seq] : [])))].sort((a, b) => a - b),
  }
  world.findings.push(finding)
  judgeAbsence(world, finding)
  const buffer = bufferOf(draft)
  if (buffer) {
    buffer.findingCount++
    touch(world.changed.buffers, buffer)
  }
  touch(world.changed.findings, finding)
  remember(world, finding)
  draft.revocation?.findings.push(finding)
  for (const other of draft.suspected ?? []) if (other !== draft.revocation) other.findings.push(finding)
  draft.reset?.findings.push(finding)
  judgeEpisodes(world, finding)
  return finding
}

/** Adds evidence to a finding already made: a second fault in the same retired mapping. */
export function addEvidence(
  world: World,
  finding: Finding,
  ...sightings: readonly (Sighting | null | undefined)[]
): void {
  const all = new Set([...finding.evidence, ...sightings.flatMap((s) => (s ? [s.seq] : []))])
  finding.evidence = [...all].sort((a, b) => a - b)
  touch(world.changed.findings, finding)
}

/** What was doubtful is proved after all: the finding says so in its own place, with the evidence of both. */
export function uphold(world: World, finding: Finding, draft: Draft): void {
  const before = finding.draft
  const doubted = finding.missing
  finding.draft = draft
  finding.severity = draft.severity
  finding.verdict = draft.missing ? 'undetermined' : 'violated'
  finding.missing = draft.missing ?? null
  addEvidence(world, finding, ...draft.evidence)
  remember(world, finding)
  if (before.revocation && !draft.revocation) {
    // What is proved is not of the episode, which stays as doubtful as it was.
    const { findings } = before.revocation
    findings.splice(findings.indexOf(finding), 1)
    before.revocation.doubt ??= doubted
  } else if (draft.revocation && !before.revocation) draft.revocation.findings.push(finding)
  for (const other of before.suspected ?? []) acquit(world, finding, other, doubted)
  judgeAbsence(world, finding)
  judgeEpisodes(world, finding)
}

/** What is proved is of one revocation; the others that it may have been of stay as doubtful as they were. */
function acquit(world: World, finding: Finding, other: Revocation, doubted: string | null): void {
  if (other === finding.draft.revocation || finding.draft.suspected?.includes(other)) return
  other.findings = other.findings.filter((one) => one !== finding)
  other.doubt ??= doubted
  judgeRevocation(world, other)
}

/** Whose columns a finding has: they may be named, and their class known, only by a later event. */
function remember(world: World, finding: Finding): void {
  for (const named of [bufferOf(finding.draft), attachmentOf(finding.draft)]) {
    if (!named) continue
    const findings = world.findingsOf.get(named)
    if (findings) findings.add(finding)
    else world.findingsOf.set(named, new Set([finding]))
  }
}

/** Findings say the same of a buffer or an attachment as its own row does, however late that became known. */
export function retell({ changed, findingsOf }: World): void {
  if (findingsOf.size === 0) return
  for (const entity of [...changed.buffers, ...changed.attachments])
    for (const finding of findingsOf.get(entity) ?? []) touch(changed.findings, finding)
}

const bufferOf = (d: Draft) => d.buffer ?? d.mapping?.buffer ?? d.attachment?.buffer ?? null
const attachmentOf = (d: Draft) => d.attachment ?? d.mapping?.attachment ?? null

/** Demotes what rests on a stretch of time that turned out to have a hole. */
export function reconsider(world: World): void {
  for (const finding of world.resting) judgeAbsence(world, finding)
}

function judgeAbsence(world: World, finding: Finding): void {
  const { absent } = finding.draft
  if (finding.verdict !== 'violated' || !absent) return
  const gap = gapBetween(world.window, absent.from, absent.to)
  if (gap) demote(world, finding, describeGap(gap))
  else world.resting.add(finding)
}

export function demote(world: World, finding: Finding, missing: string): void {
  finding.verdict = 'undetermined'
  finding.missing = missing
  world.resting.delete(finding)
  touch(world.changed.findings, finding)
  judgeEpisodes(world, finding)
}

/** Demotes what this rule has said of something; the newest findings come first, and one is enough. */
export function demoteOf(world: World, rule: RuleName, isMeant: (draft: Draft) => boolean, missing: string): void {
  const finding = world.findings.findLast(
    ({ draft, verdict }) => verdict === 'violated' && draft.rule === rule && isMeant(draft),
  )
  if (finding) demote(world, finding, missing)
}

/** At the end of the capture it is known which probes were set. */
export function judgeNeeds(world: World): void {
  for (const finding of world.findings) {
    if (finding.verdict !== 'violated') continue
    const missing = (finding.draft.needs ?? []).find((any) => !any.some((one) => wasSeen(world, one)))
    if (missing) demote(world, finding, unseenText(missing))
  }
}

function wasSeen(world: World, what: ActType | string): boolean {
  return world.seen.has(what as ActType) || world.functions.has(what)
}

function judgeEpisodes(world: World, finding: Finding): void {
  if (finding.draft.revocation) judgeRevocation(world, finding.draft.revocation)
  for (const other of finding.draft.suspected ?? []) judgeRevocation(world, other)
  if (finding.draft.reset) judgeReset(world, finding.draft.reset)
}

export function judgeRevocation(world: World, revocation: Revocation): void {
  const verdict = episodeVerdict(revocation)
  if (verdict === revocation.verdict) return
  revocation.verdict = verdict
  touch(world.changed.revocations, revocation)
}

export function judgeReset(world: World, reset: Reset): void {
  const verdict = episodeVerdict(reset)
  if (verdict === reset.verdict) return
  reset.verdict = verdict
  touch(world.changed.resets, reset)
}

/** Violated by a violated finding of severity warning or above that names it; undetermined by a doubtful one or a gap. */
function episodeVerdict(episode: Revocation | Reset): EpisodeVerdict {
  let verdict: EpisodeVerdict = episode.unsure ? 'undetermined' : 'clean'
  for (const finding of episode.findings) {
    if (finding.severity === 'info') continue
    if (finding.verdict === 'violated') return 'violated'
    verdict = 'undetermined'
  }
  return verdict
}

export function findingRow(finding: Finding): FindingRow {
  const d = finding.draft
  const buffer = bufferOf(d)
  const attachment = attachmentOf(d)
  return {
    id: finding.id,
    rule: d.rule,
    severity: finding.severity,
    verdict: finding.verdict,
    ns: d.at.ns,
    ino: u64(buffer?.ino ?? null),
    exporter: buffer?.exporter ?? null,
    exporterDevice: d.exporterDevice ?? buffer?.exporterDevice ?? null,
    importerDevice: d.importerDevice ?? attachment?.device ?? null,
    importerClass: d.importerClass ?? attachment?.class ?? null,
    attachment: attachment?.pointer ?? attachment?.hashed ?? null,
    iova: d.iova ?? d.mapping?.iova ?? null,
    comm: d.comm ?? null,
    pid: d.pid ?? null,
    summary: d.summary,
    evidence: finding.evidence,
    missing: finding.missing,
  }
}
