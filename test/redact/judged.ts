import type { Pseudonyms } from '../../src/redact/pseudonyms.ts'
import type { Folded } from '../support/fold-file.ts'

/** What a fold found, with every name that redaction changes put through `names`. */
export function judged(folded: Folded, names: Pseudonyms | null) {
  const device = (name: string | null) => (name === null || !names ? name : names.device(name))
  const bus = (iova: bigint | null) => (iova === null || !names ? iova : names.bus(iova))
  const pid = (number: number | null | undefined) => (number == null || !names ? number : names.pid(number))
  const comm = (name: string | null | undefined) => (name == null || !names ? name : names.comm(name))
  const pointer = (text: string | null) =>
    text === null || !names || !text.startsWith('0x') ? text : `0x${names.pointer(BigInt(text)).toString(16)}`
  return {
    findings: folded.findings.map((f) => [
      f.rule,
      f.severity,
      f.verdict,
      f.ns,
      f.ino,
      f.importerClass,
      device(f.exporterDevice),
      device(f.importerDevice),
      pointer(f.attachment),
      bus(f.iova),
      comm(f.comm),
      pid(f.pid),
      f.evidence,
    ]),
    buffers: folded.buffers.map((b) => ({ ...b, exporterDevice: device(b.exporterDevice) })),
    attachments: folded.attachments.map((a) => ({
      ...a,
      importerDevice: device(a.importerDevice),
      attachment: pointer(a.attachment),
    })),
    mappings: folded.mappings.map((m) => ({
      ...m,
      importerDevice: device(m.importerDevice),
      attachment: pointer(m.attachment),
      iova: bus(m.iova),
      unmappedComm: comm(m.unmappedComm),
      unmappedPid: pid(m.unmappedPid),
    })),
    revocations: folded.revocations.map((r) => ({
      ...r,
      exporterDevice: device(r.exporterDevice),
      slowestImporter: device(r.slowestImporter),
    })),
    resets: folded.resets.map((r) => ({ ...r, device: device(r.device) })),
    gaps: folded.gaps,
    tier: folded.tier,
    events: folded.events,
  }
}
