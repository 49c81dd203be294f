import type { FactName } from '../domain/facts.ts'
import type { RuleModule } from '../domain/rules/rule.ts'
import type { OwnRule } from '../domain/rules.ts'
import type { World } from '../domain/world/world.ts'
import { checkListeners, inWords, type ModuleRule } from './load-module.ts'
import { reportOwn } from './own-report.ts'
import { OwnRuleError } from './own-rule-error.ts'
import type { Facts, Trace } from './rule-api.ts'
import { createShown } from './shown-facts.ts'
import { createViews, moment } from './views.ts'

/**
 * A user's rule as one of the domain's, for one fold of one capture. Whatever it throws is an `OwnRuleError` that names
 * the file and the line of the trace; `where` names the capture.
 */
export function toRuleModule(rule: ModuleRule, where: string): RuleModule<OwnRule> {
  const { file, definition } = rule
  const views = createViews()
  const shown = createShown(views)
  const on: Record<string, (fact: never, world: World) => void> = {}
  for (const [name, listener] of Object.entries(listenersOf(rule, where))) {
    const show = shown[name as keyof Facts] as unknown as (fact: never, world: World) => object
    on[name] = (fact, world) => {
      try {
        const answer: unknown = (listener as (...args: unknown[]) => unknown)(
          show(fact, world),
          (finding: never) => reportOwn(world, rule, views, finding),
          traceOf(world),
        )
        if (answer instanceof Promise) throw new TypeError('the listener is async; a rule answers at once')
      } catch (error) {
        throw OwnRuleError.of(
          file.path,
          `on.${name} threw at ${placeOf(name, world)} of ${where}: ${inWords(error)}`,
          error,
        )
      }
    }
  }
  return { rule: file.rule, on: on as RuleModule<OwnRule>['on'] }

  function listenersOf({ definition: { on: given } }: ModuleRule, capture: string) {
    if (typeof given !== 'function') return given
    try {
      return checkListeners(file, given.call(definition))
    } catch (error) {
      if (error instanceof OwnRuleError) throw error
      throw OwnRuleError.of(file.path, `on() threw for ${capture}: ${inWords(error)}`, error)
    }
  }
}

function placeOf(name: FactName | string, { record }: World): string {
  return name === 'ended' ? 'the end' : `line ${record.line}`
}

function traceOf(world: World): Trace {
  const { line, cpu, comm, pid, name, payload } = world.record
  return { event: { line, cpu, comm, pid, name, payload }, now: moment(world.now), ticks: world.ticks }
}
