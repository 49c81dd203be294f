import type { UserRecogniser } from '../domain/recognise/user-recogniser.ts'
import { DEFAULT_THRESHOLDS, type Thresholds } from '../domain/world/world.ts'

/** What of a capture's options the fold reads. */
export interface FoldedOptions {
  recognisers?: UserRecogniser[]
  thresholds?: { lateUnmapWarning?: string; lateUnmapError?: string }
}

export function thresholdsOf({ thresholds }: FoldedOptions): Thresholds {
  return {
    ...DEFAULT_THRESHOLDS,
    ...(thresholds?.lateUnmapWarning ? { lateUnmapWarning: BigInt(thresholds.lateUnmapWarning) } : {}),
    ...(thresholds?.lateUnmapError ? { lateUnmapError: BigInt(thresholds.lateUnmapError) } : {}),
  }
}
