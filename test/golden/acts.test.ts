/** What each event of the fixtures is recognised as, with every field that was read from it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
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

/** Ways in which a payload is not what the kernel prints. */
const DAMAGE: Readonly<Record<string, (payload: string) => string[]>> = {
  'something before': (payload) => [`x${payload}`, `x ${payload}`, ` ${payload}`, `x: ${payload}`],
  'something after': (payload) => [`${payload}x`, `${payload} x`, `${payload} `, `${payload} x=1`, `${payload}"`],
  'cut off': (payload) => Array.from({ length: 12 }, (_, i) => payload.slice(0, Math.round((payload.length * i) / 12))),
  'begun late': (payload) =>
    Array.from({ length: 6 }, (_, i) => payload.slice(1 + Math.round((payload.length * i) / 6))),
  'a field is missing': (payload) => fieldsOf(payload).map((field) => payload.replace(field, '')),
  'a field is empty': (payload) => fieldsOf(payload).map((field) => payload.replace(field, field.replace(/=.*/, '='))),
  'a field is twice there': (payload) => fieldsOf(payload).map((field) => payload.replace(field, `${field}${field}`)),
  'a field is no number': (payload) =>
    fieldsOf(payload).map((field) => payload.replace(field, field.replace(/=.*/, '=(efault)'))),
  'a field is longer': (payload) => fieldsOf(payload).map((field) => payload.replace(field, `${field}0z`)),
  'a field is negative': (payload) =>
    fieldsOf(payload).map((field) => payload.replace(field, field.replace('=', '=-'))),
  'quotes are lost': (payload) => [
    payload.replace('"', ''),
    payload.replaceAll('"', ''),
    payload.replace(/"([^"]*)$/, '$1'),
  ],
  'brackets are lost': (payload) => [
    payload.replace('(', ''),
    payload.replace(')', ''),
    payload.replace('[', ''),
    payload.replace(']', ''),
  ],
  'letters are others': (payload) => [
    payload.toUpperCase(),
    payload.replaceAll(':', ';'),
    payload.replaceAll('0x', ''),
    payload.replaceAll(' ', '  '),
  ],
}

describe('what each event is where its text is damaged', () => {
  const digests = createDigests('acts-damaged.txt')
  let known: ReturnType<typeof eventsByKind> | null = null
  const kinds = () => {
    known ??= eventsByKind()
    return known
  }
  it('has many kinds of event', async () => {
    expect((await kinds()).size).toBeGreaterThan(50)
  })

  it.each(Object.keys(DAMAGE))('%s', async (name) => {
    const recogniser = createRecogniser()
    const actOf = (event: string, text: string) =>
      `${event}: ${text}\n  ${JSON.stringify(recognised(event, text, recogniser))}\n`
    const acts = [...(await kinds()).values()]
      .flat()
      .flatMap(([event, payload]) => DAMAGE[name]!(payload).map((text) => actOf(event, text)))
    digests.expectKept(name, acts.join(''))
  })
})

function fieldsOf(payload: string): string[] {
  return payload.match(/ [\w.]+[=:][^\s]+/g) ?? []
}

/** Up to three distinct payloads of each event and, where it is a probe's, function. */
async function eventsByKind(): Promise<Map<string, [event: string, payload: string][]>> {
  const kinds = new Map<string, [string, string][]>()
  for (const { path } of files)
    for (const [event, payload] of (await eventsOf(readFileSync(path))).values()) {
      const kind =
        `${event} ${/^\(([\w. <-]*)/.exec(payload)?.[1] ?? payload.replaceAll(/[\d(=].*/g, '').slice(0, 12)}`.trim()
      const known = kinds.get(kind) ?? []
      if (known.length < 3) kinds.set(kind, [...known, [event, payload]])
    }
  return kinds
}

/** A line for each distinct event: its name, its payload and what was read from it. */
async function actsOf(text: Buffer): Promise<string> {
  const recogniser = createRecogniser()
  return [...(await eventsOf(text))]
    .map(([line, [event, payload]]) => `${line}\n  ${JSON.stringify(recognised(event, payload, recogniser))}\n`)
    .join('')
}

async function eventsOf(text: Buffer): Promise<Map<string, [name: string, payload: string]>> {
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
  return events
}
