import { addNoise, relabelPointers, renameTasks, shiftTime } from './edits.ts'
import type { TraceLine } from './lines.ts'
import { formerDevice, formerInode, renameDevices, renumberInodes, renumberPids } from './renumber.ts'
import type { FormerNames } from './shape.ts'

/** Changes of a trace that leave all that happened as it was; `former` takes the names in its findings back. */
export const HARMLESS_EDITS: Record<
  string,
  { edit: (lines: readonly TraceLine[]) => TraceLine[]; former?: FormerNames }
> = {
  'time shifted': { edit: (lines) => shiftTime(lines, 100) },
  'tasks renamed': { edit: renameTasks },
  'pids renumbered': { edit: renumberPids },
  'inodes renumbered': { edit: renumberInodes, former: { ino: formerInode } },
  'devices renamed': { edit: renameDevices, former: { device: formerDevice } },
  'pointers relabelled': { edit: relabelPointers },
  'noise added': { edit: addNoise },
}
