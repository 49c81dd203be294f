/** The exporter's call to all importers, under its names before and since 7.1. */
export const INVALIDATE_CALLS: ReadonlySet<string> = new Set(['dma_buf_invalidate_mappings', 'dma_buf_move_notify'])
