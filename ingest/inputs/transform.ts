import { resolve } from 'node:path'
import { convert, factsOf } from './convert.ts'
import type { Kind } from './kind.ts'
import { createLayer, dropBytes, type Layer } from './layer.ts'
import { perfData } from './perf-data.ts'
import { type SpooledFile, spoolFile } from './spool-file.ts'
import { traceDat } from './trace-dat.ts'
import { unpack } from './unpack.ts'
import { decodeUtf16 } from './utf16.ts'

const CONVERTERS = { 'trace-dat': traceDat, 'perf-data': perfData }

/** What `layer` is the packing of. It is closed by itself; `layer` stays open beneath it. Throws `InputError`. */
export async function transform(
  kind: Exclude<Kind, 'content' | 'tar'>,
  layer: Layer,
  signal: AbortSignal | undefined,
): Promise<Layer> {
  if (kind === 'trace-dat' || kind === 'perf-data') return convertLayer(CONVERTERS[kind], layer, signal)
  const { ending, seekable, found } = layer
  const whole = () =>
    kind === 'utf-16le' || kind === 'utf-16be'
      ? decodeUtf16(kind, layer.open(0))
      : unpack(kind, layer.open(0), ending, signal)
  return createLayer({
    open: (from) => (from === 0 ? whole() : dropBytes(whole(), from)),
    seekable,
    ending,
    found,
  })
}

/** Programs move about in the file: any other input becomes a temporary one. */
async function convertLayer(converter: typeof traceDat, layer: Layer, signal: AbortSignal | undefined): Promise<Layer> {
  const spooled: SpooledFile | null = layer.file === null ? await spoolFile(layer.open(0)) : null
  try {
    const file = resolve(spooled?.path ?? layer.file!)
    const open = (from: number) => {
      const text = convert(converter, file, signal)
      return from === 0 ? text : dropBytes(text, from)
    }
    const text = await createLayer({ open, seekable: spooled === null, ending: layer.ending })
    const found = await factsOf(converter, file, signal)
    return {
      ...text,
      found,
      async close() {
        await text.close()
        spooled?.remove()
      },
    }
  } catch (error) {
    spooled?.remove()
    throw error
  }
}
