import { deviceIncidents } from './device-incidents.ts'
import { incidents } from './incidents.ts'
import { right } from './right.ts'
import type { Scenario } from './scenario.ts'
import { storm } from './storm.ts'
import { wrongExporters } from './wrong-exporters.ts'
import { wrongImporters } from './wrong-importers.ts'

const ALL = { ...right, ...wrongImporters, ...wrongExporters, ...incidents, ...deviceIncidents, ...storm }
export type ScenarioName = keyof typeof ALL

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = ALL
export const SCENARIO_NAMES = Object.keys(ALL) as ScenarioName[]

export function isScenario(name: string): name is ScenarioName {
  return Object.hasOwn(ALL, name)
}
