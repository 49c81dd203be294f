import { IMPORTERS, type Importer } from './importer-table.ts'
import { type KernelVersion, mayHold } from './kernel-version.ts'

const BY_CALLBACK: ReadonlyMap<string, Importer> = new Map(
  IMPORTERS.flatMap((importer) => (importer.callback === null ? [] : [[importer.callback, importer] as const])),
)

/** A callback is a symbol of one kernel or another: it says what its importer is, whatever the kernel. */
export function importerByCallback(callback: string): Importer | null {
  return BY_CALLBACK.get(callback) ?? null
}

/** The wrapper that attaches without ops; where the compiler makes a jump of its call, its own caller shows instead. */
export const LEGACY_ATTACH = 'dma_buf_attach'

/** Who attached, as far as a record shows it. */
export interface Attacher {
  device: string | null
  /** The function that attach returns into, and its module. */
  caller: string | null
  module: string | null
}

/**
 * The importer that attaches from there, where nothing shows its ops: by a device that only one has, by the function,
 * else by the module. Null where entries that may hold for this kernel (any, where it is not known) say different things.
 */
export function importerByAttacher(attacher: Attacher, kernel: KernelVersion | null): Importer | null {
  const { device, caller, module } = attacher
  const held = IMPORTERS.filter((importer) => mayHold(importer, kernel))
  const byDevice = held.filter((importer) => importer.device !== null && importer.device === device)
  if (byDevice.length > 0) return unanimous(byDevice)
  const byCaller = held.filter(
    (importer) =>
      caller !== null && importer.attaches.includes(caller) && (module === null || importer.module === module),
  )
  if (byCaller.length > 0) return unanimous(byCaller)
  return unanimous(held.filter((importer) => module !== null && importer.module === module))
}

function unanimous(importers: readonly Importer[]): Importer | null {
  const [first] = importers
  if (!first) return null
  return importers.every((each) => each.class === first.class && each.callback === first.callback) ? first : null
}

/** Whether several users of one device import through this code: what two of its attachments show is not one importer's. */
export function isSharedAttacher({ caller, module }: Attacher): boolean {
  return IMPORTERS.some(
    (importer) =>
      importer.shared &&
      ((caller !== null && importer.attaches.includes(caller)) || (module !== null && importer.module === module)),
  )
}
