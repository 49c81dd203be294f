/** What a kernel calls the things that are probed, and what its tracing can do: by its version, corrected by its own files. */
import { isSince, type KernelVersion } from '../domain/kernel-version.ts'
import type { TargetFacts } from './target.ts'

export interface Kernel {
  /** As it was given: `7.3`, `6.12.95+deb12-amd64`. */
  name: string
  version: KernelVersion
  /** The call with which an exporter tells its importers, and the importers' callback: renamed in 7.1. */
  invalidate: 'dma_buf_invalidate_mappings' | 'dma_buf_move_notify'
  callback: 'invalidate_mappings' | 'move_notify'
  /** Native `dma_buf:*` events, since 7.0 (commit 281a22631423). */
  nativeEvents: boolean
  /** VFIO exports dma-bufs, since 6.19. */
  vfioExports: boolean
  /** `f:` and `t:` definitions with fields by name, since 6.6 with CONFIG_FPROBE_EVENTS and CONFIG_PROBE_EVENTS_BTF_ARGS. */
  fprobes: boolean
  /** Arguments in return probes, since 6.9. */
  argumentsAtReturn: boolean
  /** `dma_map_phys` instead of `dma_map_page`, … : events of the target, where they are known. */
  events: ReadonlySet<string> | null
  /** Functions that can be probed, where they are known. */
  functions: ReadonlySet<string> | null
}

/** A kernel as its version says it is; what its tracefs says counts more, since distributions backport. */
export function kernelOf(name: string, version: KernelVersion, target: TargetFacts | null = null): Kernel {
  const functions = target?.functions ?? null
  const events = target?.events ?? null
  const renamed = functions?.has('dma_buf_invalidate_mappings') ?? false
  const older = functions?.has('dma_buf_move_notify') ?? false
  const isNew = renamed || (!older && isSince(version, 7, 1))
  return {
    name,
    version,
    invalidate: isNew ? 'dma_buf_invalidate_mappings' : 'dma_buf_move_notify',
    callback: isNew ? 'invalidate_mappings' : 'move_notify',
    nativeEvents: events ? events.has('dma_buf:dma_buf_export') : isSince(version, 7, 0),
    vfioExports: isSince(version, 6, 19) || (functions?.has('vfio_pci_dma_buf_move') ?? false),
    fprobes: target?.syntax ? target.syntax.fprobes && target.syntax.fieldsByName : isSince(version, 6, 6),
    argumentsAtReturn: target?.syntax ? target.syntax.argumentsAtReturn : isSince(version, 6, 9),
    events,
    functions,
  }
}
