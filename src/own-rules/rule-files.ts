import { readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { OWN_PREFIX, type OwnRule, RULES } from '../domain/rules.ts'
import { OwnRuleError } from './own-rule-error.ts'

/** One file of a folder of rules. */
export interface RuleFile {
  /** As the user would find it: the folder as given, and the file's name. */
  path: string
  kind: 'sql' | 'module'
  rule: OwnRule
}

const KINDS: Record<string, RuleFile['kind']> = { '.sql': 'sql', '.ts': 'module', '.js': 'module', '.mjs': 'module' }

/** `late-detach.sql` is the rule `own/late-detach`. Other files and folders are passed over. Throws `OwnRuleError`. */
export function listRuleFiles(folder: string): RuleFile[] {
  const files: RuleFile[] = []
  for (const name of namesIn(folder)) {
    const kind = Object.hasOwn(KINDS, extname(name)) ? KINDS[extname(name)]! : null
    if (kind === null || name.startsWith('.') || name.endsWith('.d.ts')) continue
    const path = join(folder, name)
    const stem = name.slice(0, -extname(name).length)
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(stem))
      throw OwnRuleError.of(path, 'its name is to be the name of the rule, in small letters, as in late-detach.sql')
    if ((RULES as readonly string[]).includes(stem))
      throw OwnRuleError.of(path, `there is a built-in rule ${stem}; give the file another name`)
    const rule: OwnRule = `${OWN_PREFIX}${stem}`
    const twin = files.find((other) => other.rule === rule)
    if (twin) throw OwnRuleError.of(path, `${twin.path} has the same name; rename one of them`)
    files.push({ path, kind, rule })
  }
  if (files.length === 0)
    throw OwnRuleError.of(folder, 'there is no rule in it; a rule is a file *.sql, *.ts, *.js or *.mjs')
  return files
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ name }) => name)
      .sort()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such folder' : code === 'ENOTDIR' ? 'this is no folder' : message
    throw OwnRuleError.of(folder, `${why}; give the folder of your rules with --rules`, error)
  }
}
