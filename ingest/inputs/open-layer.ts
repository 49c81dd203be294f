import { type Refusal, refuse } from '../refusal.ts'
import { type Input, InputError, type OpenedInput } from './input.ts'
import { kindOf } from './kind.ts'
import type { Layer } from './layer.ts'

/** Where an input was found, and what is known of it from there. */
export type Place = Pick<Input, 'path' | 'name' | 'clockBeside' | 'member'>

/** An archive may hold itself. */
const MAX_DEPTH = 8

/** Unpacks `layer` until there is content, and closes it behind itself. What a plain file does not need is loaded when it is. */
export async function* openLayer(
  layer: Layer,
  place: Place,
  signal: AbortSignal | undefined,
  depth = 0,
): AsyncGenerator<OpenedInput> {
  const refused = (refusal: Refusal): OpenedInput => ({
    kind: 'refused-input',
    path: place.path,
    refusal,
    member: place.member,
  })
  try {
    const kind = kindOf(layer.head)
    if (layer.head.length === 0 && layer.ending.cut !== null) yield refused(nothingLeft(layer.ending.cut))
    else if (kind === 'content') yield inputOf(layer, place)
    else if (depth === MAX_DEPTH) yield refused(TOO_DEEP)
    else if (kind === 'tar') {
      const { openTar } = await import('./open-tar.ts')
      yield* openTar(layer, place, signal, depth + 1)
    } else {
      const { transform } = await import('./transform.ts')
      yield* openLayer(await transform(kind, layer, signal), place, signal, depth + 1)
    }
  } catch (error) {
    if (signal?.aborted) throw error
    if (error instanceof InputError) yield refused(error.refusal)
    else if ((error as NodeJS.ErrnoException).syscall !== undefined) yield refused(unreadable(error as Error))
    else throw error
  } finally {
    await layer.close()
  }
}

function inputOf({ head, size, seekable, open, ending, found }: Layer, place: Place): Input {
  return { kind: 'input', ...place, head, size, seekable, open, ending, found }
}

const TOO_DEEP = refuse(
  'nested',
  `It is packed more than ${MAX_DEPTH} times, one inside the other.`,
  'Unpack it first, if it was not made to harm.',
)

function nothingLeft(cut: string): Refusal {
  return refuse('damaged', `Nothing of it can be unpacked: ${cut}.`, 'Fetch the file again.')
}

function unreadable({ message }: Error): Refusal {
  return refuse('unreadable', `It cannot be read: ${message}.`, 'Check the file and its disk, then try again.')
}
