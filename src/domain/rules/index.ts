import type { FactName, Facts } from '../facts.ts'
import type { OwnRule, RuleName } from '../rules.ts'
import type { World } from '../world/world.ts'
import { accessAfterFences } from './access-after-fences.ts'
import { attachWhileRevoked } from './attach-while-revoked.ts'
import { capabilityChanged } from './capability-changed.ts'
import { deviceLostWhileMapped } from './device-lost-while-mapped.ts'
import { doubleUnmap } from './double-unmap.ts'
import { earlyRestore } from './early-restore.ts'
import { fencesNotAwaited } from './fences-not-awaited.ts'
import { importerLostMapping } from './importer-lost-mapping.ts'
import { incompleteLog } from './incomplete-log.ts'
import { invalidateIgnored } from './invalidate-ignored.ts'
import { kernelSplat } from './kernel-splat.ts'
import { lateFence } from './late-fence.ts'
import { lateUnmap } from './late-unmap.ts'
import { leakedAttachment } from './leaked-attachment.ts'
import { leakedMapping } from './leaked-mapping.ts'
import { mapWhileRevoked } from './map-while-revoked.ts'
import { nonRevocableImporter } from './non-revocable-importer.ts'
import { pinImbalance } from './pin-imbalance.ts'
import { releasedWhileAttached } from './released-while-attached.ts'
import { resetWhileMapped } from './reset-while-mapped.ts'
import { resetWithoutRevoke } from './reset-without-revoke.ts'
import type { RuleModule } from './rule.ts'
import { useAfterDetach } from './use-after-detach.ts'
import { useAfterPermanentRevoke } from './use-after-permanent-revoke.ts'
import { useAfterRevoke } from './use-after-revoke.ts'

/** All rules that are judged, in the order in which they speak about one event. */
export const RULE_MODULES: readonly RuleModule[] = [
  incompleteLog,
  useAfterRevoke,
  lateUnmap,
  accessAfterFences,
  mapWhileRevoked,
  attachWhileRevoked,
  resetWhileMapped,
  resetWithoutRevoke,
  fencesNotAwaited,
  nonRevocableImporter,
  invalidateIgnored,
  doubleUnmap,
  useAfterDetach,
  releasedWhileAttached,
  earlyRestore,
  useAfterPermanentRevoke,
  lateFence,
  importerLostMapping,
  pinImbalance,
  capabilityChanged,
  deviceLostWhileMapped,
  leakedMapping,
  leakedAttachment,
  kernelSplat,
]

type Listener = (fact: never, world: World) => void

type Diagnose = <K extends FactName>(world: World, name: K, fact: Facts[K]) => void

/** Lets every rule that listens hear a fact. */
export const diagnose: Diagnose = toListeners(RULE_MODULES)

/** As `diagnose`; behind the built-in rules, further ones hear each fact. */
export function diagnoseWith(more: readonly RuleModule<OwnRule>[]): Diagnose {
  return toListeners([...RULE_MODULES, ...more])
}

function toListeners(modules: readonly RuleModule<RuleName>[]): Diagnose {
  const listeners = new Map<FactName, Listener[]>()
  for (const module of modules) {
    for (const [name, listener] of Object.entries(module.on)) {
      const all = listeners.get(name as FactName) ?? []
      all.push(listener as Listener)
      listeners.set(name as FactName, all)
    }
  }
  return (world, name, fact) => {
    for (const listener of listeners.get(name) ?? []) listener(fact as never, world)
  }
}
