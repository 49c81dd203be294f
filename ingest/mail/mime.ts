/** Where a reader of a mail or mbox stands between headers, boundaries and bodies (RFC 5322, RFC 2045, RFC 2046). Plain JSON. */
export interface MimeState {
  at: 'start' | 'headers' | 'body'
  /** The header field that is being read, folded lines put together; empty where it is of no use. */
  field: string
  type: string
  /** Null where no header spoke. */
  encoding: string | null
  flowed: boolean
  boundaries: string[]
  /** A text/plain part came before in this mail: an HTML part repeats it. */
  plainSeen: boolean
  blankBefore: boolean
}

export const MIME_START: MimeState = {
  at: 'start',
  field: '',
  type: 'text/plain',
  encoding: null,
  flowed: false,
  boundaries: [],
  plainSeen: false,
  blankBefore: true,
}

/** mbox: `From kent@foo.com Mon Jan  1 00:00:00 2026`, also with `at` for the sign. */
const MBOX_FROM = /^From \S{1,320}(?: at \S{1,255})? {1,8}\w{3},? .{0,40}?\d{2}:\d{2}.{0,40}?\d{4}/
const FIRST_FIELD =
  /^(?:Return-Path|Received|From|To|Cc|Subject|Date|Message-ID|MIME-Version|Content-[\w-]+|Delivered-To|DKIM-Signature|X-[\w-]+|List-[\w-]+|In-Reply-To|References|Reply-To|Sender|User-Agent|Newsgroups|Path|Authentication-Results|ARC-[\w-]+):\s/i
const FIELD = /^[!-9;-~]+:/
const USEFUL = /^content-(?:type|transfer-encoding):/i

/** Whether a file whose first line this is may be a mail with its headers, or an mbox. */
export function beginsMail(line: string): boolean {
  return MBOX_FROM.test(line) || FIRST_FIELD.test(line)
}

/** Takes the next line; says whether it belongs to a body. Changes `state`. */
export function walkMime(state: MimeState, line: string): 'around' | 'body' {
  const blank = line.trim() === ''
  const blankBefore = state.blankBefore
  state.blankBefore = blank
  if (state.at === 'start') {
    if (blank) return 'around'
    state.at = beginsMail(line) ? 'headers' : 'body'
    if (state.at === 'body') return 'body'
  }
  if (state.at === 'headers') return inHeaders(state, line, blank)
  if (blankBefore && MBOX_FROM.test(line)) {
    Object.assign(state, MIME_START, { at: 'headers', boundaries: [], blankBefore: false })
    return 'around'
  }
  return line.startsWith('--') && atBoundary(state, line.trimEnd()) ? 'around' : 'body'
}

function inHeaders(state: MimeState, line: string, blank: boolean): 'around' | 'body' {
  if (blank) {
    takeField(state)
    state.at = 'body'
    return 'around'
  }
  if (/^\s/.test(line)) {
    if (state.field !== '' && state.field.length < LONGEST_FIELD) state.field += ` ${line.trim()}`
    return 'around'
  }
  takeField(state)
  if (!FIELD.test(line) && !/^>?From /.test(line)) {
    state.at = 'body'
    return 'body'
  }
  state.field = USEFUL.test(line) ? line.trimEnd() : ''
  return 'around'
}

/** What is of use stands in the first lines of a folded field. */
const LONGEST_FIELD = 4096

function takeField(state: MimeState): void {
  const { field } = state
  state.field = ''
  const encoding = /^content-transfer-encoding:\s*([\w-]+)/i.exec(field)
  if (encoding) state.encoding = encoding[1]!.toLowerCase()
  const type = /^content-type:\s*([\w.+-]+\/[\w.+-]+)/i.exec(field)
  if (!type) return
  state.type = type[1]!.toLowerCase()
  if (state.type === 'text/plain') state.plainSeen = true
  state.flowed = /;\s*format="?flowed/i.test(field)
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(field)
  if (state.type.startsWith('multipart/') && boundary) state.boundaries.push(boundary[1] ?? boundary[2]!)
}

function atBoundary(state: MimeState, line: string): boolean {
  const depth = state.boundaries.findLastIndex((one) => line === `--${one}` || line === `--${one}--`)
  if (depth < 0) return false
  const closing = line.length === state.boundaries[depth]!.length + 4
  state.boundaries.length = closing ? depth : depth + 1
  state.at = closing ? 'body' : 'headers'
  Object.assign(state, { field: '', type: 'text/plain', encoding: closing ? '7bit' : null, flowed: false })
  return true
}

/** What a body line of this part is: text, part of what is no trace for certain, or of what is not read. */
export function bodyKind({ type, encoding, plainSeen }: MimeState): 'text' | 'around' | 'undecoded' {
  if (/^(?:image|audio|video|multipart)\/|pgp-signature|pkcs7-signature/.test(type)) return 'around'
  if (type === 'text/html') return plainSeen ? 'around' : 'undecoded'
  return encoding === 'base64' ? 'undecoded' : 'text'
}
