/** Prints trace lines the way mailers, systrace and others wrap them. Lines come without their line feed, as Latin-1. */

const PAGE = 76

export const quote = (lines: readonly string[], depth = 1, mark = '> '): string[] =>
  lines.map((line) => `${mark.repeat(depth)}${line}`)

/** Breaks at blanks behind the event's name, as a mailer does at `width` columns. */
export function hardWrap(lines: readonly string[], width = PAGE): string[] {
  return lines.flatMap((line) => {
    const name = /\d: [^\s:]+:/.exec(line)
    const parts: string[] = []
    let rest = line
    let first = name ? name.index + name[0].length : rest.length
    while (rest.length > width) {
      const at = breakAt(rest, first, width)
      if (at < 0) break
      parts.push(rest.slice(0, at))
      rest = rest.slice(at + 1)
      first = 1
    }
    return [...parts, rest]
  })
}

/** The last single blank that leaves no more than `width` columns before it, else the next one. */
function breakAt(text: string, from: number, width: number): number {
  const blanks = [...text.matchAll(/(?<=\S) (?=\S)/g)].map(({ index }) => index).filter((index) => index >= from)
  return blanks.findLast((index) => index <= width) ?? blanks[0] ?? -1
}

/** RFC 2045: equals signs and what is no ASCII as `=XX`, soft breaks behind 75 characters, a blank at the end encoded. */
export function quotedPrintable(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const hex = (c: string) => `=${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
    const tokens = [...line].map((c, i) => {
      if (c === '=' || c < ' ' || c > '~') return hex(c)
      return c === ' ' && i === line.length - 1 ? '=20' : c
    })
    const out: string[] = []
    let current = ''
    for (const token of tokens) {
      if (current.length + token.length > PAGE - 1) {
        out.push(`${current}=`)
        current = ''
      }
      current += token
    }
    return [...out, current]
  })
}

const HEADERS = [
  'From kent@example.org Mon Jan  5 10:00:00 2026',
  'Return-Path: <kent@example.org>',
  'From: Kent Example <kent@example.org>',
  'To: dri-devel@lists.example.org',
  'Subject: Re: [PATCH v3 2/4] vfio/pci: revoke the exported',
  '\tdma-buf before the reset',
  'Date: Mon, 5 Jan 2026 10:00:00 +0100',
  'MIME-Version: 1.0',
]

/** A mail whose body holds the lines between two paragraphs. */
export function mail(lines: readonly string[], encoding = '7bit', type = 'text/plain; charset=utf-8'): string[] {
  return [
    ...HEADERS,
    `Content-Type: ${type}`,
    `Content-Transfer-Encoding: ${encoding}`,
    '',
    'Hi,',
    'this is what I see here:',
    '',
    ...lines,
    '',
    'Any idea? It was fine with v2.',
    '',
    '-- ',
    'Kent',
  ]
}

const PAGE_HEAD = ['<!DOCTYPE html>', '<html>', '<head><title>Android System Trace</title>', '<script>']

/** A page of systrace.py: a list of processes, one of cgroups, the trace. */
export function systracePage(lines: readonly string[]): string[] {
  return [
    ...PAGE_HEAD,
    'tr.exportTo("tr.b", function() { return { "-1 [000] ": 12.345678 } });',
    '</script></head><body>',
    '<!-- BEGIN TRACE -->',
    '  <script class="trace-data" type="application/text">',
    'PROCESS DUMP',
    'USER           PID  PPID     VSZ    RSS WCHAN            PC S NAME                        COMM',
    'root             1     0   51248   8696 SyS_epoll_wait    0 S init                        init',
    '  </script>',
    '  <script class="trace-data" type="application/text">',
    'CGROUP DUMP',
    '/sys/fs/cgroup/cpuset/foreground: 1234 1235',
    '  </script>',
    '  <script class="trace-data" type="application/text">',
    ...lines,
    '  </script>',
    '<!-- END TRACE -->',
    '</body></html>',
  ]
}

/** The page of an old systrace: the trace is a string of JavaScript. */
export function systraceString(lines: readonly string[]): string[] {
  const escaped = lines.map((line) => `${line.replace(/[\\"]/g, '\\$&')}\\n\\`)
  return [...PAGE_HEAD, '  var linuxPerfData = "\\', ...escaped, '";', '</script></head></html>']
}

export const textOf = (lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\n')}\n`, 'latin1')
