import type { Act } from '../act.ts'
import type { FactName, Facts } from '../facts.ts'
import type { Task } from '../world/task.ts'
import type { World } from '../world/world.ts'

/** What every step of the fold works on. */
export interface Context {
  world: World
  act: Act
  task: Task
  tell<K extends FactName>(name: K, fact: Facts[K]): void
}
