import { posix } from 'node:path'
import { refuse } from '../refusal.ts'
import { isClockFile, readClock } from './clock-file.ts'
import { createEnding, type OpenedInput } from './input.ts'
import { createLayer, type Layer } from './layer.ts'
import { openLayer, type Place } from './open-layer.ts'
import { readTar, type TarEntry } from './tar.ts'
import { textOf } from './text-of.ts'

/** The members of a tar archive, in its order. Nothing is written to disk under their names. */
export async function* openTar(
  layer: Layer,
  { path, name }: Place,
  signal: AbortSignal | undefined,
  depth: number,
): AsyncGenerator<OpenedInput> {
  const ending = createEnding(layer.ending)
  const clocks = layer.seekable ? await clocksIn(layer) : new Map<string, string>()
  for await (const entry of readTar(layer.open(0), ending)) {
    const inside = entry.name.replace(/^(?:\.?\/)+/, '')
    const place: Place = {
      path: `${path}/${inside}`,
      name: `${name}/${inside}`,
      clockBeside: clocks.get(posix.dirname(inside)) ?? null,
      member: true,
    }
    if (entry.kind === 'file') {
      if (await takeClock(entry, inside, clocks)) continue
      const member = await createLayer({
        open: () => entry.body,
        seekable: false,
        ending: createEnding(ending),
      })
      yield* openLayer(member, place, signal, depth)
    } else if (entry.kind === 'sparse') {
      yield { kind: 'refused-input', path: place.path, refusal: SPARSE, member: true }
    } else if (entry.kind !== 'folder') {
      const text = entry.kind === 'link' ? 'a link, which is not followed' : 'no file'
      yield { kind: 'remark', path: place.path, text: `skipped: ${text}`, incomplete: false }
    }
  }
  for (const text of ending.remarks) yield { kind: 'remark', path, text, incomplete: false }
  if (ending.cut !== null)
    yield { kind: 'remark', path, text: `${ending.cut}; members may be missing`, incomplete: true }
}

/** What the archive says of clocks may stand behind the traces. */
async function clocksIn(layer: Layer): Promise<Map<string, string>> {
  const clocks = new Map<string, string>()
  for await (const entry of readTar(layer.open(0), createEnding())) {
    if (entry.kind === 'file') await takeClock(entry, entry.name.replace(/^(?:\.?\/)+/, ''), clocks)
  }
  return clocks
}

/** A real one is a line of names. */
const LONGEST_CLOCK_FILE = 1024

/** Whether the member is a file that names a clock; it is read then. */
async function takeClock(entry: TarEntry, inside: string, clocks: Map<string, string>): Promise<boolean> {
  if (!isClockFile(posix.basename(inside)) || entry.size > LONGEST_CLOCK_FILE) return false
  const clock = readClock(await textOf(entry.body))
  if (clock !== null) clocks.set(posix.dirname(inside), clock)
  return true
}

const SPARSE = refuse(
  'unreadable',
  'It is stored with holes (a sparse member), which is not read.',
  'Unpack the archive with tar, and give the file.',
)
