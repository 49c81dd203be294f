import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SEVERITIES } from '../domain/rules.ts'
import { OwnRuleError } from './own-rule-error.ts'
import type { Listeners, RuleDefinition } from './rule-api.ts'
import type { RuleFile } from './rule-files.ts'
import { SHOWN_FACTS } from './shown-facts.ts'

export interface ModuleRule {
  file: RuleFile
  definition: RuleDefinition
}

const PUBLIC = 'revenant/rules'

/** Rules may lie anywhere: what they import from us is found wherever they are. */
export function resolveRuleApi(): void {
  const url = new URL('./rule-api.ts', import.meta.url).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === PUBLIC ? { url, shortCircuit: true } : next(specifier, context),
  })
}

/** Runs the file and checks what it exports. Throws `OwnRuleError`. */
export async function loadModule(file: RuleFile): Promise<ModuleRule> {
  let exported: { default?: unknown }
  try {
    exported = await import(pathToFileURL(resolve(file.path)).href)
  } catch (error) {
    throw OwnRuleError.of(file.path, `cannot be loaded: ${inWords(error)}`, error)
  }
  const { default: definition } = exported
  if (typeof definition !== 'object' || definition === null)
    throw OwnRuleError.of(file.path, 'it has no default export; end it with: export default defineRule({ … })')
  const { severity, summary, on } = definition as Partial<RuleDefinition>
  if (!SEVERITIES.includes(severity as never))
    throw OwnRuleError.of(file.path, `severity "${String(severity)}" is none of ${SEVERITIES.join(', ')}`)
  if (summary !== undefined && typeof summary !== 'string') throw OwnRuleError.of(file.path, 'its summary is no text')
  if (typeof on !== 'function') checkListeners(file, on)
  return { file, definition: definition as RuleDefinition }
}

/** Throws `OwnRuleError` for what is no set of listeners. */
export function checkListeners(file: RuleFile, on: unknown): Listeners {
  if (typeof on !== 'object' || on === null || Object.keys(on).length === 0)
    throw OwnRuleError.of(file.path, `it listens to nothing; "on" is to have one of ${SHOWN_FACTS.join(', ')}`)
  for (const [name, listener] of Object.entries(on)) {
    if (!SHOWN_FACTS.includes(name as never))
      throw OwnRuleError.of(file.path, `there is no fact "${name}" to listen to; there are ${SHOWN_FACTS.join(', ')}`)
    if (typeof listener !== 'function') throw OwnRuleError.of(file.path, `on.${name} is no function`)
  }
  return on as Listeners
}

/** What went wrong, and the line of a syntax error, which only the stack tells. */
export function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [first = ''] = (error.stack ?? '').split('\n')
  const line = /:(\d+)$/.exec(first)
  const where = error instanceof SyntaxError && line ? ` (line ${line[1]})` : ''
  return `${error.name}: ${error.message.split('\n')[0]}${where}`
}
