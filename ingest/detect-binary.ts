import { type Refusal, refuse } from './refusal.ts'

/** Files that are no text, by their first bytes; `convert` prints them as text that can be read. */
interface Magic {
  bytes: string
  code: 'binary' | 'compressed' | 'trace-dat' | 'perf-data'
  name: string
  convert: string | null
}

const MAGICS: Magic[] = [
  {
    bytes: '\x17\x08\x44tracing',
    code: 'trace-dat',
    name: 'a trace.dat of trace-cmd',
    convert: 'trace-cmd report -t FILE',
  },
  { bytes: 'PERFILE2', code: 'perf-data', name: 'a perf.data of perf record', convert: 'perf script -i FILE' },
  { bytes: '2ELIFREP', code: 'perf-data', name: 'a perf.data of the other byte order', convert: 'perf script -i FILE' },
  { bytes: '\x1f\x8b', code: 'compressed', name: 'gzip', convert: 'gzip -dc FILE' },
  { bytes: '\x28\xb5\x2f\xfd', code: 'compressed', name: 'zstd', convert: 'zstd --long=31 -dc FILE' },
  { bytes: '\xfd7zXZ\0', code: 'compressed', name: 'xz', convert: 'xz -dc FILE' },
  { bytes: 'BZh', code: 'compressed', name: 'bzip2', convert: 'bzip2 -dc FILE' },
  { bytes: '\x04\x22\x4d\x18', code: 'compressed', name: 'lz4', convert: 'lz4 -dc FILE' },
  { bytes: 'PK\x03\x04', code: 'compressed', name: 'a zip archive', convert: 'unzip -p FILE' },
  { bytes: '\xff\xfe', code: 'binary', name: 'UTF-16 text', convert: 'iconv -f UTF-16 -t UTF-8 FILE' },
  { bytes: '\xfe\xff', code: 'binary', name: 'UTF-16 text', convert: 'iconv -f UTF-16 -t UTF-8 FILE' },
  { bytes: '\x89PNG\r\n\x1a\n', code: 'binary', name: 'a PNG image', convert: null },
  { bytes: '\xff\xd8\xff', code: 'binary', name: 'a JPEG image', convert: null },
  { bytes: 'GIF8', code: 'binary', name: 'a GIF image', convert: null },
  { bytes: '%PDF-', code: 'binary', name: 'a PDF document', convert: null },
  { bytes: '\x7fELF', code: 'binary', name: 'an ELF program or library', convert: null },
  {
    bytes: 'SQLite format 3\0',
    code: 'binary',
    name: 'an SQLite database (give it with --db to read it)',
    convert: null,
  },
]

const WHAT_IS_READ = 'Give the text of /sys/kernel/tracing/trace, trace_pipe or snapshot.'

/** Refuses what is no text; null where `head`, the first bytes of the input, may be text. */
export function refuseBinary(head: Buffer): Refusal | null {
  const magic = MAGICS.find(({ bytes }) => head.subarray(0, bytes.length).equals(Buffer.from(bytes, 'latin1')))
  if (magic) {
    const { code, name, convert } = magic
    if (code === 'compressed') {
      return refuse(code, `The input is compressed (${name}).`, `Unpack it first: ${convert} | revenant ingest -`)
    }
    if (convert === null) return refuse(code, `The input is ${name}, not text.`, WHAT_IS_READ)
    return refuse(
      code,
      `The input is ${name}.`,
      `\`${convert}\` turns it into text, which can be piped into revenant ingest -`,
    )
  }
  if (head.every((byte) => byte === 0)) {
    return refuse(
      'binary',
      `The first ${head.length} bytes are all zero.`,
      `It was probably never written to the disk. ${WHAT_IS_READ}`,
    )
  }
  return null
}

/** Share of bytes that text does not hold, task names and markers with odd bytes allowed for. */
export function looksBinary(head: Buffer): boolean {
  let odd = 0
  for (const byte of head) if (byte < 9 || (byte > 13 && byte < 27) || byte === 127) odd++
  return odd * 20 > head.length
}
