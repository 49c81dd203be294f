import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { newClaims } from '../support/claims.ts'
import {
  addNoise,
  omissions,
  omit,
  randomDamage,
  randomLoss,
  relabelPointers,
  renameTasks,
  shiftTime,
} from '../support/edits.ts'
import { type Folded, foldText } from '../support/fold-file.ts'
import { joinTrace, splitTrace, type TraceLine } from '../support/lines.ts'
import { FIXTURES, tracesIn } from '../support/real-traces.ts'

const TRACES = tracesIn(FIXTURES).map(({ name, path }) => ({
  name,
  lines: splitTrace(readFileSync(path, 'latin1')),
}))

/** What may not depend on the names of things. */
function shape({ findings, buffers, resets, revocations, mappings }: Folded) {
  return {
    findings: findings.map((f) => [f.rule, f.severity, f.verdict, f.ino, f.importerDevice, f.evidence.length]),
    buffers: buffers.map((b) => [
      b.ino,
      b.exporter,
      b.exporterDevice,
      b.state,
      b.revocations,
      b.attachments,
      b.mappings,
    ]),
    resets: resets.map((r) => [r.device, r.method, r.trigger, r.verdict, r.mappingsLive]),
    revocations: revocations.map((r) => [r.ino, r.cause, r.permanent, r.verdict]),
    mappings: mappings.map((m) => [m.ino, m.importerDevice, m.iova, m.endedBy, m.liveAtReset]),
  }
}

async function shapeOf(lines: readonly TraceLine[]) {
  return shape(await foldText(joinTrace(lines)))
}

describe('a probe that was not set proves nothing', () => {
  it.each(TRACES)('$name', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const wrong: string[] = []
    for (const omission of omissions(lines)) {
      for (const claim of await newClaims(full, omit(lines, omission))) wrong.push(`without ${omission.name}: ${claim}`)
    }
    expect(wrong).toEqual([])
  })
})

describe('an event that was lost proves nothing', () => {
  it.each(TRACES)('$name', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const wrong: string[] = []
    for (let seed = 1; seed <= 6; seed++) {
      const less = randomLoss(lines, seed)
      if (!less) continue
      for (const claim of await newClaims(full, less)) wrong.push(`loss ${seed}: ${claim}`)
    }
    expect(wrong).toEqual([])
  })
})

describe('a line that was damaged proves nothing', () => {
  it.each(TRACES)('$name', async ({ lines }) => {
    const full = await foldText(joinTrace(lines))
    const wrong: string[] = []
    for (let seed = 1; seed <= 8; seed++)
      for (const claim of await newClaims(full, randomDamage(lines, seed))) wrong.push(`damage ${seed}: ${claim}`)
    expect(wrong).toEqual([])
  })
})

const EDITS = {
  'time shifted': (lines: readonly TraceLine[]) => shiftTime(lines, 100),
  'tasks renamed': renameTasks,
  'pointers relabelled': relabelPointers,
  'noise added': addNoise,
}

describe('names and noise change nothing', () => {
  it.each(TRACES)('$name', async ({ lines }) => {
    const full = await shapeOf(lines)
    for (const [name, edit] of Object.entries(EDITS)) {
      const edited = edit(lines)
      expect(await shapeOf(edited), name).toEqual(full)
    }
  })

  it.each(Object.entries(EDITS))('%s: the edit does change the text', (_, edit) => {
    const changed = TRACES.filter(({ lines }) => joinTrace(edit(lines)).compare(joinTrace(lines)) !== 0)
    expect(changed.length).toBeGreaterThan(TRACES.length - 3)
  })
})
