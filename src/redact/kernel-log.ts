import { type Pseudonyms, REDACTED } from './pseudonyms.ts'

type Parts = RegExpExecArray
type Rewrite = (parts: Parts, names: Pseudonyms) => string

const PCI = '(?:[0-9a-f]{4,8}:)?(?:0x)?[0-9a-f]{2}:(?:0x)?[0-9a-f]{2}\\.[0-7]'
const SYMBOL = '[A-Za-z_.][\\w.]*\\+0x[0-9a-f]+(?:/0x[0-9a-f]+)?(?: \\[[\\w-]+\\])?'
/** A file of the kernel's tree; a module built elsewhere may show its folder, from the root on. */
const SOURCE = '(?:[a-z][\\w-]*/)*[\\w-]+\\.[chS]:\\d+'

const rule = (pattern: string, rewrite: Rewrite): [RegExp, Rewrite] => [new RegExp(pattern), rewrite]

/** What AER and DPC say of an error. */
const SEVERITY =
  /(?:Uncorrect(?:ed|able) \((?:Non-)?Fatal\)|\bCorrect(?:ed|able)) error (?:message )?|\bERR_(?:FATAL|NONFATAL|COR) /

/**
 * The kernel's lines that rules read, each as it is printed by the function that `src/domain/recognise/kernel-log.ts`
 * names. What comes before and after the words of a pattern is left out: the log holds anybody's text (`/dev/kmsg`).
 */
const LINES: readonly [RegExp, Rewrite][] = [
  rule(
    `(DMAR: ?\\[(?:DMA|INTR)?-?(?:REMAP )?\\]?\\s*(?:DMA )?(?:Read|Write)(?: NO_PASID| PASID 0x[0-9a-f]+)?\\] Request device \\[)([^\\]]+)(\\](?: PASID 0x[0-9a-f]+)? fault addr )((?:0x)?[0-9a-f]+)( \\[fault reason (?:0x)?[0-9a-f]+\\])?`,
    (m, names) => `${m[1]}${names.device(m[2]!)}${m[3]}${bus(m[4]!, names)}${m[5] ?? ''}`,
  ),
  rule(
    `([\\w.-]+) (${PCI}): ((?:AMD-Vi: )?Event logged \\[IO_PAGE_FAULT domain=0x[0-9a-f]+ address=)(0x[0-9a-f]+)( flags=0x[0-9a-f]+)`,
    (m, names) => `${m[1]} ${names.inText(m[2]!)}: ${m[3]}${bus(m[4]!, names)}${m[5]}]`,
  ),
  rule(
    `((?:AMD-Vi: )?Event logged \\[IO_PAGE_FAULT device=)(${PCI})( (?:domain|pasid)=\\w+ address=)(0x[0-9a-f]+)( flags=0x[0-9a-f]+)`,
    (m, names) => `${m[1]}${names.inText(m[2]!)}${m[3]}${bus(m[4]!, names)}${m[5]}]`,
  ),
  rule(
    '(event: (?:F_TRANSLATION|F_PERMISSION|F_ACCESS|F_ADDR_SIZE) client: )(\\S+)( sid: 0x[0-9a-f]+ ssid: 0x[0-9a-f]+ iova: )(0x[0-9a-f]+)(?:( ipa: )(0x[0-9a-f]+))?',
    (m, names) =>
      `${m[1]}${names.device(m[2]!)}${m[3]}${bus(m[4]!, names)}${m[5] ? `${m[5]}${physical(m[6]!, names)}` : ''}`,
  ),
  rule('dmar_fault: \\d+ callbacks suppressed', (m) => m[0]),
  rule('^DMAR: DRHD: handling fault status reg [0-9a-f]+$', (m) => m[0]),
  rule(
    `(?:^|\\s)([\\w.-]+) (${PCI}): (resetting$|reset done$|ready \\d+ms after|not ready \\d+ms after [\\w ]+; (?:waiting|giving up)|timed out waiting for pending transaction)`,
    (m, names) => `${m[1]} ${names.inText(m[2]!)}: ${m[3]}`,
  ),
  rule(
    `^pcieport (${PCI}): (AER|DPC): (.*)(received from|received:|source:?) (${PCI})`,
    (m, names) =>
      `pcieport ${names.inText(m[1]!)}: ${m[2]}: ${SEVERITY.exec(m[3]!)?.[0] ?? ''}${m[4]} ${names.inText(m[5]!)}`,
  ),
  rule(
    `^pcieport (${PCI}): (AER|DPC): [dD]evice recovery (successful|failed)`,
    (m, names) => `pcieport ${names.inText(m[1]!)}: ${m[2]}: device recovery ${m[3]}`,
  ),
  rule(
    `^(?:pcieport|pciehp) (${PCI})(?::pcie\\w+)?: (?:pciehp: )?Slot\\([^)]*\\): (Link Down|Card not present)$`,
    (m, names) => `pcieport ${names.inText(m[1]!)}: pciehp: Slot(1): ${m[2]}`,
  ),
  rule(
    `(?:^|\\s)([\\w.-]+) (${PCI}): (?:AER: )?(PCIe Bus Error: severity=(?:Uncorrect(?:ed|able) \\((?:Non-)?Fatal\\)|Correct(?:ed|able)))`,
    (m, names) => `${m[1]} ${names.inText(m[2]!)}: ${m[3]}`,
  ),
  rule(
    `(?:^|\\s)([\\w.-]+) (${PCI}): Unable to change power state from (D\\w{1,5}|unknown) to (D\\w{1,5}), device inaccessible`,
    (m, names) =>
      `${m[1]} ${names.inText(m[2]!)}: Unable to change power state from ${m[3]} to ${m[4]}, device inaccessible`,
  ),
  rule(
    `(?:^|\\s)([\\w.-]+) (${PCI}): .*\\b[dD]evice (?:is )?lost\\b`,
    (m, names) => `${m[1]} ${names.inText(m[2]!)}: device lost`,
  ),
  // Of several buses the order is lost with their numbers.
  rule(
    `(?:^|\\s)([\\w.-]+) (([0-9a-f]{4,8}):[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]): PCI bridge to \\[bus ([0-9a-f]{2})\\]`,
    (m, names) =>
      `${m[1]} ${names.inText(m[2]!)}: PCI bridge to [bus ${names.inText(`${m[3]}:${m[4]}:00.0`).split(':')[1]}]`,
  ),
  rule('\\[ cut here \\]', () => '------------[ cut here ]------------'),
  rule('---\\[ end trace', () => '---[ end trace 0000000000000000 ]---'),
  rule(
    `^WARNING: (?:(CPU: \\d+ PID: )(\\d+) )?(?:at )?(${SOURCE} )?(?:at )?(${SYMBOL})?`,
    (m, names) =>
      `WARNING: ${m[1] ? `${m[1]}${names.pid(Number(m[2]))} ` : ''}${m[1] ? 'at ' : ''}${m[3] ?? ''}${m[4] ? `${m[1] ? '' : 'at '}${m[4]}` : REDACTED}`,
  ),
  rule('^refcount_t: (?:underflow|addition on 0|saturated|decrement hit 0)[a-z0-9;, -]*\\.?$', (m) => m[0]),
  rule(`^kernel BUG at ${SOURCE}`, (m) => m[0]),
  rule(
    `^(BUG: |Oops: |Oops:|general protection fault|kernel BUG at |Unable to handle kernel )(?:(?:KASAN|KFENCE): [a-z-]+ in )?(?:.*?(${SYMBOL}))?`,
    (m) => `${m[1]}${m[2] ?? REDACTED}`,
  ),
  rule(
    '^INFO: task (.*):(\\d{1,9}) blocked for more than (\\d+) seconds',
    (m, names) => `INFO: task ${names.comm(m[1]!)}:${names.pid(Number(m[2]))} blocked for more than ${m[3]} seconds.`,
  ),
  rule(`^\\s*(?:\\? )?${SYMBOL}\\s*$`, (m) => m[0]),
  rule(`^(RIP: [0-9a-f]{4}:)(${SYMBOL})`, (m) => `${m[1]}${m[2]}`),
  rule('^\\s*(?:Call Trace:|</?(?:TASK|IRQ|NMI|SOFTIRQ)>)\\s*$', (m) => m[0]),
]

/** kernel/printk/internal.h `PRINTK_MESSAGE_MAX`; what is longer no kernel printed, and the patterns would try each place of it. */
const LONGEST_LINE = 2048

/** Text of the kernel log: what a rule may read stays with other names in it, the rest of the line is left out. */
export function redactKernelLog(text: string, names: Pseudonyms): string {
  if (text.trim() === '') return text
  if (text.length > LONGEST_LINE) return `[${REDACTED}]`
  for (const [pattern, rewrite] of LINES) {
    const parts = pattern.exec(text)
    if (parts) return rewrite(parts, names)
  }
  return `[${REDACTED}]`
}

function bus(text: string, names: Pseudonyms): string {
  return moved(text, names.bus)
}

function physical(text: string, names: Pseudonyms): string {
  return moved(text, names.physical)
}

function moved(text: string, move: (value: bigint) => bigint): string {
  const prefix = text.startsWith('0x') ? '0x' : ''
  const digits = text.slice(prefix.length)
  return `${prefix}${move(BigInt(`0x${digits}`))
    .toString(16)
    .padStart(digits.length, '0')}`
}
