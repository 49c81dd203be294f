import type { ActType } from '../act-type.ts'
import { unseenText } from '../evidence/unseen.ts'
import { exporterNamed } from '../exporters.ts'
import type { Buffer, Reset, Revocation } from '../world/entities.ts'
import type { World } from '../world/world.ts'
import { isVfioExporter } from './vfio-devices.ts'

/**
 * Kinds of event of which a trace has none: whether their probes were set it does not say. What they alone would show
 * may have happened, so nobody can say that all was well.
 */
function unseen({ seen }: World, kind: ActType): string | null {
  return seen.has(kind) ? null : unseenText([kind])
}

/** What keeps a revocation from being clean: a map, a late unmap or an attach that nobody could see. */
export function unseenInRevocation(world: World, revocation: Revocation): string | null {
  const { buffer } = revocation
  return (
    (buffer.mappable ? unseen(world, 'map') : null) ??
    (hasMapped(buffer) ? unseen(world, 'unmap') : null) ??
    unseen(world, 'attach') ??
    (isVfioExporter(buffer.exporter) ? unseenMove(world) : null) ??
    (revocation.cause === 'move' && !isMover(buffer.exporter) ? unseen(world, 'reset') : null)
  )
}

/** From where to where a move reaches, and what came in between, its return alone does not say. */
function unseenMove({ functions }: World): string | null {
  return functions.has(MOVE_ENTRY) ? null : unseenText([MOVE_ENTRY])
}

const MOVE_ENTRY = 'vfio_pci_dma_buf_move%entry'

/** What keeps a reset from being clean. */
export function unseenInReset(world: World, reset: Reset): string | null {
  const buffers = [...reset.buffers]
  return (
    // Kernels whose vfio exports nothing have no such calls either.
    (buffers.length === 0 && world.seen.has('device-move') ? unseen(world, 'export') : null) ??
    (reset.attached ? unseen(world, 'map') : null) ??
    (buffers.some(hasMapped) ? unseen(world, 'unmap') : null) ??
    (buffers.length > 0 ? unseen(world, 'invalidate') : null) ??
    (buffers.some(({ exporter }) => isVfioExporter(exporter)) ? unseenMove(world) : null)
  )
}

/** Through `dma_buf_map_attachment()`, that is. */
function hasMapped({ mappable, mappingCount }: Buffer): boolean {
  return mappable && mappingCount > 0
}

/** Known to move its buffers, and never to reset anything after it has told its importers. */
function isMover(exporter: string | null): boolean {
  return exporterNamed(exporter)?.revokes === 'move'
}
