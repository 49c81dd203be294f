import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { example, useWorkspace } from './workspace.ts'

const at = useWorkspace()

describe('verify', () => {
  test('says of a sound database that it is', async () => {
    await at.run('ingest', example('sysfs-reset'))
    const { code, stdout } = await at.run('verify')
    expect(code).toBe(0)
    expect(stdout.toString()).toMatch(/^sound: 1 capture,/)
  })

  test('prints no table of rows', async () => {
    await at.run('ingest', example('sysfs-reset'))
    for (const command of ['verify', 'rebuild']) {
      const { code, stdout, stderr } = await at.run(command, '--format', 'csv')
      expect([code, stdout.toString()]).toEqual([2, ''])
      expect(stderr).toMatch(`${command}: --format csv is for tables`)
    }
  })

  test('finds a read model that is not what the log gives; rebuild mends it', async () => {
    await at.run('ingest', example('sysfs-reset'))
    change("UPDATE finding SET severity = 'info'")
    const { code, stdout } = await at.run('verify', '--json')
    expect(code).toBe(3)
    const { sound, problems } = JSON.parse(stdout.toString())
    expect(sound).toBe(false)
    expect(problems[0]).toMatchObject({ code: 'read-models', capture: 1 })
    await at.run('rebuild')
    expect((await at.run('verify')).code).toBe(0)
  })

  test('finds a byte of the log that changed', async () => {
    await at.run('ingest', example('sysfs-reset'))
    change("DROP TRIGGER segment_no_update; UPDATE segment SET text = CAST(text || x'00' AS BLOB)")
    const { code, stdout } = await at.run('verify')
    expect(code).toBe(3)
    expect(stdout.toString()).toMatch(/^capture 1: .*\n[\s\S]*1 problem/)
  })
})

function change(sql: string): void {
  const db = new Database(at.db)
  db.exec(sql)
  db.close()
}
