import type { Coverage } from './evidence.ts'

/** Why the second capture may not show what the first did, in words; empty where nothing stands against it. */
export function lostSight(before: Coverage, after: Coverage): string[] {
  const lower = (after.tier ?? '') < (before.tier ?? '')
  const words: [boolean, string][] = [
    [lower, `its tier of evidence is ${after.tier ?? 'none'}, that of the first ${before.tier}`],
    [after.gaps > 0, `it has ${after.gaps} ${after.gaps === 1 ? 'gap' : 'gaps'}, the first has ${before.gaps}`],
    [after.malformed > 0, `${after.malformed} of its lines were not understood`],
    [!after.complete, 'it is not read to its end'],
  ]
  const blind = new Map<string, string[]>()
  for (const [rule, missing] of after.blind)
    if (!before.blind.has(rule)) blind.set(missing, [...(blind.get(missing) ?? []), rule])
  return [
    ...words.filter(([is]) => is).map(([, text]) => text),
    ...[...blind].map(([missing, rules]) => `it has ${missing}, which the first has: ${rules.join(', ')}`),
  ]
}

/** Whether the evidence of a capture leaves anything open. */
export function isIncomplete({ gaps, malformed, complete, undetermined, openEpisodes }: Coverage): boolean {
  return gaps > 0 || malformed > 0 || !complete || undetermined > 0 || openEpisodes > 0
}
