import { type Dirent, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { refuse } from '../refusal.ts'
import { isClockFile, readClockBeside } from './clock-file.ts'
import type { InputRemark, RefusedInput } from './input.ts'
import type { Place } from './open-layer.ts'

export interface FolderFile {
  kind: 'file'
  /** Its path for the system. */
  file: string
  place: Place
}

type Found = FolderFile | RefusedInput | InputRemark

/** The files of a folder and of those in it, sorted by path; links and what is no file are named and left alone. */
export function* openFolder(folder: string, name: string): Generator<Found> {
  if (/^\/(?:sys|proc)(?:\/|$)/.test(resolve(folder))) {
    yield { kind: 'refused-input', path: folder, refusal: SYSTEM, member: false }
    return
  }
  const root = folder.replace(/\/+$/, '') || '/'
  const found = walk(root, '').sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  for (const [inside, what] of found) {
    const path = join(root, inside)
    if (what instanceof Error) yield { kind: 'refused-input', path, refusal: unreadable(what), member: true }
    else if (what.isFile()) {
      const clockBeside = readClockBeside(dirname(path))
      if (isClockFile(what.name) && clockBeside !== null) continue
      const place = { path, name: join(name, inside), clockBeside, member: true }
      yield { kind: 'file', file: path, place }
    } else {
      const text = what.isSymbolicLink() ? 'a link, which is not followed' : 'no file'
      yield { kind: 'remark', path, text: `skipped: ${text}`, incomplete: false }
    }
  }
}

/** Paths inside `root`, with what is there: no folders but those that cannot be read. */
function walk(root: string, inside: string): [string, Dirent | Error][] {
  let entries: Dirent[]
  try {
    entries = readdirSync(join(root, inside), { withFileTypes: true })
  } catch (error) {
    return [[inside, error as Error]]
  }
  return entries.flatMap((entry): [string, Dirent | Error][] => {
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`
    return entry.isDirectory() ? walk(root, path) : [[path, entry]]
  })
}

const SYSTEM = refuse(
  'directory',
  'Its files are made up by the kernel as they are read, and some wait for events.',
  'Give the trace in it: /sys/kernel/tracing/trace',
)

function unreadable({ message }: Error) {
  return refuse('unreadable', `The folder cannot be read: ${message}.`, 'Read it as a user who may.')
}
