import { releaseBuffer } from '../kernel/buffers.ts'
import { type DriverName, importerOf } from '../kernel/drivers.ts'
import { type Exporter, type Flaws, vfioExporter } from '../kernel/exporter.ts'
import type { Importer, Told } from '../kernel/importer.ts'
import { fork, type Machine, type Thread } from '../kernel/machine.ts'
import type { Attachment, Buffer } from '../kernel/objects.ts'
import type { PciFunction } from '../kernel/pci-function.ts'
import { close, open } from '../kernel/vfio.ts'
import type { Running } from '../scheduler.ts'
import { bystanders, end, IMPORTING, letGo, pause, shareBuffer, vfioFunction } from './actors.ts'

/** A device that a process has opened, with one buffer and those who import it. */
export interface Session {
  thread: Thread
  fn: PciFunction
  exporter: Exporter
  buffer: Buffer
  attachments: Attachment[]
}

interface Plan {
  flaws?: Flaws
  importers?: (m: Machine) => Importer[]
  /** What happens between the import and the end. */
  body(m: Machine, session: Session): Running
  /** The process ends in order: importers let go, the buffer and the device are closed. */
  ends?: boolean
  device?: string
}

/** A scenario of one device: opened, shared, whatever `body` does, and closed in either order. */
export function vfioSession({ flaws, importers = oneOfSome, body, ends = true, device }: Plan) {
  return (m: Machine): void => {
    m.scheduler.start(play(), m.random.between(0, 20e6))
    bystanders(m, 1 + m.random.below(2), 600e6)

    function* play(): Running {
      const thread = fork(m, m.random.pick(['qemu-kvm', 'cloud-hyperviso', 'dpdk-testpmd', 'tool']))
      const fn = vfioFunction(m, device)
      const exporter = vfioExporter(flaws)
      yield* open(m, thread, fn)
      yield pause(m, 1, 40)
      const { buffer, attachments } = yield* shareBuffer(m, thread, fn, exporter, importers(m))
      yield pause(m, 1, 60)
      yield* body(m, { thread, fn, exporter, buffer, attachments })
      if (ends) yield* finish(m, { thread, fn, exporter, buffer, attachments })
    }
  }
}

export function* finish(m: Machine, { thread, fn, buffer, attachments }: Session): Running {
  yield pause(m, 1, 60)
  const closedFirst = m.random.chance(0.3)
  if (closedFirst && fn.open) yield* close(m, thread, fn)
  for (const attachment of attachments) yield* letGo(m, thread, attachment)
  if (!buffer.released) yield* releaseBuffer(m, thread, buffer)
  if (!closedFirst && fn.open) yield* close(m, thread, fn)
  yield* end(m, thread)
}

const REVOCABLE: readonly DriverName[] = ['virtgpu', 'mlx5', 'amdgpu', 'irdma']

/** An importer that honours the call, of any kind. */
export function oneOfSome(m: Machine): Importer[] {
  return [importerOf(m.random.pick(REVOCABLE), m.random.pick(IMPORTING))]
}

/** Importers of these drivers, each at a device of its own, that do `told` when told. */
export function importersOf(names: readonly DriverName[], told?: Told) {
  return (): Importer[] => names.map((name, i) => importerOf(name, IMPORTING[i]!, told))
}
