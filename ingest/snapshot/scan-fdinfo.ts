import type { LineLayout, LineReader } from '../layout.ts'
import { Scan } from '../line-head.ts'
import { isAround, lineText, payloadOf, quoted, tellSnapshot } from './snapshot-event.ts'

const NAME = Buffer.from('fdinfo_buffer')

/** The path of the file whose lines follow, however the loop prints it; `head` and `tail` put it between arrows. */
export const FDINFO_PATH = /\/proc\/(\d{1,10}|self|thread-self)\/(?:task\/\d+\/)?fdinfo\/(\d{1,10})/
/** `grep -r . /proc/[0-9]…/fdinfo` puts it before every line. */
export const FDINFO_GREP = new RegExp(`^${FDINFO_PATH.source}:(.*)$`)
/** `%s:\t%s`. */
export const FDINFO_FIELD = /^([A-Za-z][\w-]*):(.*)$/s

interface State {
  line: number
  /** Path of the file that the lines are of, as far as it is known. */
  file: string | null
  pid: number
  fd: number | null
  /** Lines of such a file have begun. */
  inFile: boolean
  /** Of this file, as printed. */
  fields: Record<string, string>
  /** The event before is of this file: its name may follow. */
  told: boolean
}

const START: State = { line: 0, file: null, pid: -1, fd: null, inFile: false, fields: {}, told: false }

/** fs/proc/fd.c `seq_show()` prints these first, for every file. */
const COMMON = ['flags', 'ino', 'size', 'count']

/**
 * `/proc/PID/fdinfo/FD`, fs/proc/fd.c `seq_show()` and dma-buf.c `dma_buf_show_fdinfo()`: of each file that is a dma-buf, told by
 * its `exp_name:`, one event `fdinfo_buffer: ino=80 size=4096 count=2 fd=7 exp_name="system" name="…"`, with the pid of
 * its path. The lines of all other files say nothing here.
 */
export const fdinfo: LineLayout = {
  scan: () => Scan.noTask,
  scanLoose: (b, p, head) => beginFdinfo(null, null).scanLoose(b, p, head),
  relativeTime: false,
  begin: beginFdinfo,
  takesTime: true,
}

function beginFdinfo(before: unknown, at: bigint | null): LineReader {
  const state: State = structuredClone({ ...START, ...(before as State | null) })
  return {
    scan: fdinfo.scan,
    structure: () => null,
    relativeTime: false,
    state: () => structuredClone(state),
    scanLoose(b, p, head) {
      state.line++
      let text = lineText(b, p)
      const grep = FDINFO_GREP.exec(text)
      const path = grep ?? FDINFO_PATH.exec(text)
      if (!grep && isAround(text)) return Scan.ruler
      if (path) {
        beginFile(path[0].slice(0, path[0].length - (grep ? grep[3]!.length + 1 : 0)), path[1]!, path[2]!)
        if (!grep) return Scan.ruler
        text = grep[3]!
      }
      const field = FDINFO_FIELD.exec(text)
      if (!field) return state.inFile ? Scan.ruler : Scan.noTask
      const key = field[1]!
      const value = field[2]!.trim()
      if (key === 'pos' && !grep && state.inFile && 'pos' in state.fields) forgetFile()
      state.inFile = true
      if (key === 'pos' || (COMMON.includes(key) && !state.told)) state.fields[key] = value
      if (key === 'name' && state.told) {
        state.told = false
        head.payloadBytes = Buffer.from(` name=${quoted(value)}`, 'latin1')
        return Scan.continued
      }
      if (key !== 'exp_name' || state.told) return Scan.ruler
      state.told = true
      return tellSnapshot(head, p, { at, line: state.line }, NAME, payload(value), state.pid)
    },
  }

  function payload(exporter: string): Buffer {
    const { fields, fd } = state
    return payloadOf([
      ['ino', number(fields.ino)],
      ['size', number(fields.size)],
      ['count', number(fields.count)],
      ['fd', fd],
      ['flags', fields.flags ?? null],
      ['exp_name', quoted(exporter)],
    ])
  }

  function beginFile(file: string, pid: string, fd: string): void {
    if (file === state.file) return
    forgetFile()
    state.inFile = true
    state.file = file
    state.pid = /^\d+$/.test(pid) ? Number(pid) : -1
    state.fd = Number(fd)
  }

  /** Another file's lines begin, of no known path. */
  function forgetFile(): void {
    Object.assign(state, { ...START, line: state.line, fields: {} })
  }
}

function number(text: string | undefined): bigint | null {
  return text !== undefined && /^-?\d{1,20}$/.test(text) ? BigInt(text) : null
}
