import type { FactName, Facts } from '../facts.ts'
import type { Rule, RuleName } from '../rules.ts'
import type { World } from '../world/world.ts'

/** One rule: which facts it listens to, and what it makes of them. It speaks through `report()`. */
export interface RuleModule<Name extends RuleName = Rule> {
  rule: Name
  on: { [K in FactName]?: (fact: Facts[K], world: World) => void }
}
