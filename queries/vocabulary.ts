/** The words that columns are limited to, in the order in which dictionaries list them. */
import type {
  Basis,
  BufferState,
  Cause,
  ImporterClass,
  MappingEnd,
  ResetMethod,
  ResetTrigger,
} from '../src/domain/read-model.ts'
import type { EpisodeVerdict, Verdict } from '../src/domain/rules.ts'

export const CLASSES = [
  'legacy',
  'pinned',
  'pinned-revocable',
  'dynamic',
  'private',
  'unknown',
] as const satisfies ImporterClass[]
/** Strongest first. */
export const BASES = ['observed', 'declared', 'inferred', 'unknown'] as const satisfies Basis[]
export const STATES = ['live', 'revoking', 'revoked', 'dead', 'released', 'unknown'] as const satisfies BufferState[]
export const CAUSES = [
  'flr',
  'reset',
  'hot-reset',
  'memory-disable',
  'power',
  'close',
  'destroy',
  'move',
  'ras',
  'unknown',
] as const satisfies Cause[]
export const ENDS = ['unmap', 'revoke', 'detach', 'release'] as const satisfies MappingEnd[]
export const METHODS = ['flr', 'bus', 'pm', 'af-flr', 'unknown'] as const satisfies ResetMethod[]
export const TRIGGERS = [
  'open',
  'ioctl',
  'config-write',
  'sysfs',
  'close',
  'error-recovery',
  'unknown',
] as const satisfies ResetTrigger[]
export const VERDICTS = ['violated', 'undetermined'] as const satisfies Verdict[]
export const EPISODE_VERDICTS = ['clean', 'violated', 'undetermined'] as const satisfies EpisodeVerdict[]
