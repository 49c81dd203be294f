import { EVIDENCE, EVIDENCE_NAMES } from '../../src/domain/evidence/kinds.ts'
import { JUDGED_RULES, needsOf, tierOf } from '../../src/domain/evidence/needs.ts'
import { parseVersion } from '../../src/domain/kernel-version.ts'
import { kernelOf } from '../../src/record/kernel.ts'
import { type Plan, planRecording } from '../../src/record/plan.ts'

/** The plan of `revenant record --kernel <name>` with all defaults. */
export function defaultPlan(name: string, options: Partial<Parameters<typeof planRecording>[1]> = {}): Plan {
  const plan = planRecording(kernelOf(name, parseVersion(name)!), {
    tier: 'T3',
    clock: 'mono',
    bufferKb: 65536,
    output: 'revenant-trace',
    ...options,
  })
  if ('kind' in plan) throw new Error(plan.why)
  return plan
}

/** The block of docs/recording.md with the probes of Linux 7.3. */
export function probesBlock(): string {
  return `\`\`\`text\n${defaultPlan('7.3')
    .definitions.map(({ text }) => text)
    .join('\n')}\n\`\`\``
}

/** Its table of what each rule needs. */
export function rulesTable(): string {
  const words = (need: readonly (keyof typeof EVIDENCE)[]) => need.map((name) => EVIDENCE[name].what).join(' or ')
  const rows = JUDGED_RULES.map((rule) => {
    const { needs, partly = [] } = needsOf(rule)
    const without = partly.map(({ need, without: words_ }) => `without ${words(need)}: ${words_}`)
    return `| \`${rule}\` | ${tierOf(rule) ?? 'any'} | ${[needs.map(words).join('; ') || 'nothing', ...without].join('. ')} |`
  })
  return ['| rule | tier | needs |', '| --- | --- | --- |', ...rows].join('\n')
}

/** Its table of what shows each kind of evidence. */
export function evidenceTable(): string {
  const rows = EVIDENCE_NAMES.map(
    (name) => `| ${EVIDENCE[name].what} | ${EVIDENCE[name].tier} | ${EVIDENCE[name].recorded} |`,
  )
  return ['| evidence | from tier | recorded as |', '| --- | --- | --- |', ...rows].join('\n')
}
