/** What each event of the fixtures is recognised as, with every field that was read from it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'vitest'
import { createRecogniser } from '../../src/domain/recognise/recognise.ts'
import { createDigests } from '../support/kept-rows.ts'
import { parsed } from '../support/parsed.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'
import { recognised } from '../support/recognised.ts'

const LAYOUTS = fileURLToPath(new URL('../fixtures/layouts', import.meta.url))
const files = [
  ...tracesIn(FIXTURES).map(({ name, path }) => ({ name, path })),
  ...readdirSync(LAYOUTS)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => ({ name, path: join(LAYOUTS, name) })),
]

describe('what each event is', () => {
  const digests = createDigests('acts.txt')
  it.each(files)('$name', async ({ name, path }) => {
    digests.expectKept(name, await actsOf(readFileSync(path)))
  })
})

/** A line for each distinct event: its name, its payload and what was read from it. */
async function actsOf(text: Buffer): Promise<string> {
  const strings: string[] = []
  const events = new Map<string, [name: string, payload: string]>()
  for await (const { batch } of parsed(text, {}, {})) {
    strings.push(...batch.strings)
    for (let i = 0; i < batch.count; i++) {
      const event = strings[batch.name[i]!]!
      const payload = batch.bytes.toString('latin1', batch.payloadStart[i], batch.payloadEnd[i])
      events.set(`${event}: ${payload}`, [event, payload])
    }
  }
  const recogniser = createRecogniser()
  return [...events]
    .map(([line, [event, payload]]) => `${line}\n  ${JSON.stringify(recognised(event, payload, recogniser))}\n`)
    .join('')
}
