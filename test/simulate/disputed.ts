import type { ScenarioName } from '../../src/simulate/scenarios/index.ts'

/**
 * Where the oracle and the engine judge otherwise, both for a reason, and what was acted out bears the engine out. The
 * oracle is written from the reference alone, and stays so.
 */
const DISPUTED: readonly { why: string; pattern: RegExp; scenarios?: readonly ScenarioName[] }[] = [
  {
    why: 'that a probe was set cannot be known where it never fired: the engine leaves open what the oracle takes for proved',
    pattern: /^only the oracle, violated: .*the other side has undetermined/,
  },
  {
    why: 'a map that succeeds while a reset runs is live in it as well; the oracle looks at its beginning alone',
    pattern: /^only the engine, violated: reset-while-mapped /,
    scenarios: ['map-during-sysfs-reset'],
  },
  {
    why: 'an unmap that is under way has done its work before it returns; the oracle takes it for live until then',
    pattern: /^only the oracle, violated: reset-while-mapped /,
  },
  {
    why: 'the kernel log says which device below a port reported the error that its bus is reset for; the oracle does not tie them',
    pattern: /^only the engine, violated: reset-(?:without-revoke|while-mapped) /,
    scenarios: ['error-recovery'],
  },
  {
    why: "a splat that names the exporter's functions is about them; the oracle asks for a call that encloses it",
    pattern: /^only the engine, violated: kernel-splat /,
    scenarios: ['kernel-splat', 'oops-in-flr', 'close-while-memory-off'],
  },
]

export function disputed(scenario: ScenarioName, difference: string): boolean {
  return DISPUTED.some(
    ({ pattern, scenarios }) => pattern.test(difference) && (scenarios === undefined || scenarios.includes(scenario)),
  )
}
