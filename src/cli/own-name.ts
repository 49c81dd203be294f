import { OWN_PREFIX, type RuleName } from '../domain/rules.ts'

/** How the user calls this program: through npm from a checkout, or by its name. */
export function ownName(): string {
  return process.env.npm_command === undefined ? 'revenant' : 'npm exec -- revenant'
}

/** A command of this program as the user would type it, with the database where it is not the default one. */
export function commandLine(words: string, db: string): string {
  return `${ownName()} ${words}${db === './revenant.db' || db === process.env.REVENANT_DB ? '' : ` --db ${shellWord(db)}`}`
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** The words after `query findings` that ask for one rule; for a rule of the user's own with the folder that it is in. */
export function ruleWords(rule: RuleName, folder: string | undefined): string {
  return `-p rule=${rule}${rule.startsWith(OWN_PREFIX) && folder !== undefined ? ` --rules ${shellWord(folder)}` : ''}`
}
