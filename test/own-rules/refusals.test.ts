import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { judge } from '../../src/own-rules/judge.ts'
import { judgeLog } from '../../src/own-rules/judge-log.ts'
import type { Message } from '../../src/own-rules/judging.ts'
import { OwnRuleError } from '../../src/own-rules/own-rule-error.ts'
import { logOf, moduleRule, rulesFolder, SLOW, sqlRule, temporary } from './rules-folder.ts'

let db = ''
beforeAll(async () => {
  db = await logOf(SLOW)
})

const ENDLESS = 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) AS capture FROM c'

/** What is wrong with a rule before it meets a trace: file, text, what is said of it. */
const READ: [name: string, file: string, text: string, message: RegExp][] = [
  ['bad SQL', 'a.sql', sqlRule('SELEC 1'), /a\.sql: a rule is one SELECT, and this begins with SELEC$/],
  ['bad SQL behind a SELECT', 'a.sql', sqlRule('SELECT FROM'), /a\.sql: SQLite: near "FROM": syntax error/],
  ['two statements', 'a.sql', sqlRule('SELECT 1 AS capture; SELECT 2'), /more than one statement/],
  ['no statement', 'a.sql', '-- severity: info\n', /no statement in it/],
  ['a statement that writes', 'a.sql', sqlRule('DELETE FROM findings'), /begins with DELETE/],
  [
    'one that writes behind a WITH',
    'a.sql',
    sqlRule('WITH q AS (SELECT 1) DELETE FROM events'),
    /a\.sql: (SQLite: |a rule only reads)/,
  ],
  ['ATTACH', 'a.sql', sqlRule("ATTACH ':memory:' AS x"), /begins with ATTACH/],
  ['PRAGMA', 'a.sql', sqlRule('/* sly */ PRAGMA query_only = OFF'), /begins with PRAGMA/],
  [
    'a private table',
    'a.sql',
    sqlRule('SELECT capture FROM segment'),
    /no such table: segment, which is not for rules/,
  ],
  [
    'its real name',
    'a.sql',
    sqlRule('SELECT capture FROM "main".segment'),
    /asks the named queries \(captures, events/,
  ],
  ['no table', 'a.sql', sqlRule('SELECT * FROM buffer_list'), /no such table: buffer_list; the tables are captures/],
  ['no column capture', 'a.sql', sqlRule('SELECT ino FROM buffers'), /no column capture/],
  [
    'a column of nothing',
    'a.sql',
    sqlRule('SELECT capture, size FROM buffers'),
    /the column size is none of a finding/,
  ],
  [
    'a column twice',
    'a.sql',
    sqlRule('SELECT b.capture, m.capture FROM buffers b, mappings m'),
    /has the column capture twice/,
  ],
  [
    'an unknown severity',
    'a.sql',
    '-- severity: fatal\nSELECT 1 AS capture',
    /severity "fatal" is none of critical, error, warning, info/,
  ],
  ['no severity', 'a.sql', '-- summary: x\nSELECT 1 AS capture', /has no severity; begin it with a line/],
  ['no summary', 'a.sql', '-- severity: info\nSELECT 1 AS capture', /has no summary; begin it with a line/],
  ['a summary of what is not there', 'a.sql', sqlRule('SELECT 1 AS capture', 'summary: {ino}'), /speaks of \{ino\}/],
  [
    'a form that is none',
    'a.sql',
    sqlRule('SELECT 1 AS capture', 'summary: {capture:oct}'),
    /oct is none of span, hex/,
  ],
  [
    'a deadline that is none',
    'a.sql',
    sqlRule('SELECT 1 AS capture', 'deadline: soon'),
    /deadline: soon is not a number/,
  ],
  ['the name of a built-in rule', 'late-unmap.sql', '', /late-unmap\.sql: there is a built-in rule late-unmap/],
  ['a name that is none', 'Late Unmap.ts', '', /in small letters, as in late-detach\.sql/],
  ['a module without a default export', 'a.ts', 'export const severity = 1', /a\.ts: it has no default export/],
  ['a module of a severity that is none', 'a.js', moduleRule('{ mapped() {} }', 'bad'), /severity "bad" is none of/],
  ['one that listens to nothing', 'a.ts', moduleRule('{}'), /a\.ts: it listens to nothing/],
  [
    'a fact that is none',
    'a.ts',
    moduleRule('{ maped() {} }'),
    /there is no fact "maped" to listen to; there are attached/,
  ],
]

/** What only a trace brings to light. */
const JUDGED: [name: string, file: string, text: string, message: RegExp][] = [
  [
    'a time that is none',
    'a.sql',
    sqlRule('SELECT 1 AS capture, 1.5 AS ts_ns'),
    /row 1: ts_ns is 1\.5 and has to be a whole/,
  ],
  ['text that is none', 'a.sql', sqlRule('SELECT 1 AS capture, 2 AS comm'), /row 1: comm is "2" and has to be text/],
  [
    'a verdict that is none',
    'a.sql',
    sqlRule("SELECT 1 AS capture, 'x' AS verdict"),
    /verdict "x" is none of violated/,
  ],
  ['a severity by row', 'a.sql', sqlRule("SELECT 1 AS capture, 'x' AS severity"), /row 1: severity "x" is none of/],
  ['a capture of nowhere', 'a.sql', sqlRule('SELECT 7 AS capture'), /row 1: there is no capture 7 in the log/],
  ['no capture', 'a.sql', sqlRule('SELECT NULL AS capture'), /row 1: capture is null/],
  [
    'evidence that is no list',
    'a.sql',
    sqlRule("SELECT 1 AS capture, 'a' AS evidence"),
    /evidence "a" is no list of log/,
  ],
  [
    'evidence of nowhere',
    'a.sql',
    sqlRule('SELECT 1 AS capture, 999 AS evidence'),
    /evidence 999 is no position of capture 1/,
  ],
  ['an error on the way', 'a.sql', sqlRule("SELECT json('{') AS capture"), /a\.sql: SQLite: malformed JSON/],
  [
    'a listener that throws',
    'a.ts',
    moduleRule('{ mapped() { throw new Error("boo") } }'),
    /a\.ts: on\.mapped threw at line 37 of capture 1 \(slow-importer\.txt\): Error: boo$/,
  ],
  [
    'one that throws at the end',
    'a.ts',
    moduleRule('{ ended() { null.x } }'),
    /on\.ended threw at the end of capture 1/,
  ],
  ['an async listener', 'a.ts', moduleRule('{ async mapped() {} }'), /the listener is async; a rule answers at once/],
  [
    'a listener that changes what it is shown',
    'a.ts',
    moduleRule('{ mapped({ mapping }) { mapping.iova = 0n } }'),
    /TypeError: Cannot set property iova/,
  ],
  [
    'a finding without evidence',
    'a.ts',
    moduleRule('{ mapped(_, report) { report({ evidence: [null] }) } }'),
    /names no event/,
  ],
  [
    'a finding of something else',
    'a.ts',
    moduleRule(
      '{ mapped({ mapping }, report) { report({ evidence: [mapping.mapped], buffer: mapping }) } }'.replace(
        'buffer: mapping',
        'buffer: {}',
      ),
    ),
    /report\(\): buffer is none that the rule was shown/,
  ],
  [
    'listeners that cannot be made',
    'a.ts',
    moduleRule('() => { throw new Error("no") }'),
    /on\(\) threw for capture 1 .*: Error: no/,
  ],
]

/** What takes the process that rules run in. */
const ENDED: typeof JUDGED = [
  ['a syntax error', 'a.ts', '\nexport default {,}', /a\.ts: cannot be loaded: SyntaxError: .* \(line 2\)/],
  ['what cannot be stripped', 'a.ts', 'enum A { b }', /a\.ts: cannot be loaded: .*enum is not supported/],
  ['a module that throws', 'a.mjs', 'throw new Error("at once")', /a\.mjs: cannot be loaded: Error: at once/],
  ['an endless query', 'a.sql', sqlRule(ENDLESS, 'deadline: 0.1'), /a\.sql: did not answer within 0\.1 s; narrow it/],
  [
    'a process that is ended',
    'a.ts',
    moduleRule('{ mapped() { process.exit(0) } }'),
    /a\.ts: the process of the rules ended \(exit 0\)/,
  ],
]

/** In this process, where nothing has to be killed. */
async function refusal(folder: string, db: string | null): Promise<string> {
  const told: Message[] = []
  const error = await judge({ folder, db, capture: null }, async (message) => void told.push(message)).then(
    () => expect.fail('it was taken'),
    (thrown: unknown) => thrown,
  )
  expect(told.filter(({ kind }) => kind === 'found' || kind === 'done')).toEqual([])
  expect(error).toBeInstanceOf(OwnRuleError)
  expect(error).toMatchObject({ exitCode: 2 })
  return (error as Error).message
}

describe('a rule that cannot be used', () => {
  test.each(READ)('%s: said before a trace is read', async (_, file, text, message) => {
    expect(await refusal(rulesFolder({ [file]: text }), null)).toMatch(message)
  })

  test.each(JUDGED)('%s: said, and nothing else', async (_, file, text, message) => {
    const good = moduleRule('{ mapped({ mapping }, report) { report({ mapping, evidence: [mapping.mapped] }) } }')
    expect(await refusal(rulesFolder({ [file]: text, 'good.ts': good }), db)).toMatch(message)
  })
})

test.each(ENDED)('%s: ends the process that rules run in, and no other', async (_, file, text, message) => {
  const folder = rulesFolder({ [file]: text })
  await expect(judgeLog({ folder, db })).rejects.toMatchObject({ exitCode: 2, message: expect.stringMatching(message) })
})

describe('a folder that cannot be used', () => {
  test('without rules', async () => {
    expect(await refusal(rulesFolder({ 'README.md': '', '.hidden.sql': '', 'types.d.ts': '' }), null)).toMatch(
      /rules: there is no rule in it; a rule is a file \*\.sql/,
    )
  })

  test('that is not there, or none', async () => {
    const nowhere = join(temporary(), 'none')
    expect(await refusal(nowhere, null)).toMatch(/none: there is no such folder; give the folder of your rules/)
    const folder = rulesFolder({ 'a.sql': '' })
    expect(await refusal(join(folder, 'a.sql'), null)).toMatch(/a\.sql: this is no folder/)
  })

  test('with two rules of one name', async () => {
    const folder = rulesFolder({ 'a.sql': sqlRule('SELECT 1 AS capture'), 'a.ts': moduleRule('{ mapped() {} }') })
    expect(await refusal(folder, null)).toMatch(/a\.ts: .*a\.sql has the same name/)
  })
})

test('an abort ends the judging', async () => {
  const folder = rulesFolder({ 'a.sql': sqlRule(ENDLESS) })
  const stop = new AbortController()
  const judged = judgeLog({ folder, db, signal: stop.signal })
  setTimeout(() => stop.abort(), 50)
  await expect(judged).rejects.toThrow('interrupted')
})
