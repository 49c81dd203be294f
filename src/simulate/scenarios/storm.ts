/** Many devices, buffers and importers at once, some of which do wrong. */
import { locked, releaseBuffer } from '../kernel/buffers.ts'
import { type DriverName, importerOf } from '../kernel/drivers.ts'
import { type Exporter, vfioExporter } from '../kernel/exporter.ts'
import { addFence } from '../kernel/fences.ts'
import type { Told } from '../kernel/importer.ts'
import { strayAccess } from '../kernel/iommu.ts'
import { fork, type Machine, milliseconds, seconds, type Thread } from '../kernel/machine.ts'
import type { Attachment, Buffer } from '../kernel/objects.ts'
import type { PciFunction } from '../kernel/pci-function.ts'
import { resetFunction } from '../kernel/pci-reset.ts'
import { finishWork, unmapInCallback, unmapLater } from '../kernel/telling.ts'
import { close, open, resetDevice, toggle } from '../kernel/vfio.ts'
import type { Running } from '../scheduler.ts'
import { bystanders, letGo, mapAgain, pause, shareBuffer, vfioFunction } from './actors.ts'
import type { Scenario } from './scenario.ts'

const DRIVERS: readonly DriverName[] = ['virtgpu', 'mlx5', 'amdgpu', 'xe', 'irdma', 'i915', 'efa']

interface Plan {
  devices: number
  buffers: number
  importers: number
  /** Of a device, one after the other. */
  episodes: number
  /** How often somebody does wrong, 0 to 1. */
  wrong: number
}

const EVENTS_AN_EPISODE = 120

export const storm = {
  storm: {
    of: 'storm',
    summary: 'many devices, buffers and importers, each reset again and again; now and then somebody does wrong',
    play: withWrong(0.15),
  },
  'quiet-storm': {
    of: 'storm',
    summary: 'the same, and nobody does anything wrong',
    play: withWrong(0),
  },
} satisfies Record<string, Scenario>

function withWrong(wrong: number): Scenario['play'] {
  return (m, { devices, buffers, importers, events }) => {
    const episodes = events === null ? 4 : Math.max(1, Math.round(events / EVENTS_AN_EPISODE / devices / buffers))
    play(m, { devices, buffers, importers, episodes, wrong })
  }
}

function play(m: Machine, plan: Plan): void {
  const exporter = vfioExporter(m.random.chance(plan.wrong) ? { forgetsFences: true } : {})
  for (let i = 0; i < plan.devices; i++) {
    const name = `0000:${(0x20 + (i >> 3)).toString(16)}:00.${i & 7}`
    m.scheduler.start(device(m, plan, exporter, name), m.random.between(0, 30e6))
  }
  bystanders(m, 1 + m.random.below(3), plan.episodes * 200e6)
}

interface Shared {
  buffer: Buffer
  attachments: Attachment[]
}

function* device(m: Machine, plan: Plan, exporter: Exporter, name: string): Running {
  const thread = fork(m, 'qemu-kvm')
  const fn = vfioFunction(m, name)
  yield* open(m, thread, fn)
  const shared: Shared[] = []
  for (let i = 0; i < plan.buffers; i++) shared.push(yield* share(m, plan, thread, fn, exporter))
  for (let episode = 0; episode < plan.episodes; episode++) {
    yield pause(m, 1, 40)
    yield* episodes(m, plan, thread, fn, shared)
    for (const { attachments } of shared) for (const attachment of attachments) yield* mapAgain(m, thread, attachment)
    if (!m.random.chance(0.3)) continue
    const [old] = shared.splice(m.random.below(shared.length), 1)
    if (old) yield* drop(m, thread, old)
    shared.push(yield* share(m, plan, thread, fn, exporter))
  }
  const closedFirst = m.random.chance(0.4)
  if (closedFirst) yield* close(m, thread, fn)
  for (const one of shared) yield* drop(m, thread, one)
  if (!closedFirst) yield* close(m, thread, fn)
}

function* share(m: Machine, plan: Plan, thread: Thread, fn: PciFunction, exporter: Exporter): Running<Shared> {
  const importers = Array.from({ length: plan.importers }, () => {
    const device = `0000:${(0x80 + m.random.below(8)).toString(16)}:00.0`
    return importerOf(m.random.pick(DRIVERS), device, behaviour(m, plan))
  })
  const { buffer, attachments } = yield* shareBuffer(m, thread, fn, exporter, importers)
  return { buffer, attachments }
}

function behaviour(m: Machine, { wrong }: Plan): Told {
  if (m.random.chance(wrong / 3)) return unmapLater((inner) => seconds(inner.random.pick([1.4, 3, 11])))
  return m.random.chance(0.4) ? unmapLater((inner) => milliseconds(inner.random.between(0.1, 90))) : unmapInCallback()
}

function* drop(m: Machine, thread: Thread, { buffer, attachments }: Shared): Running {
  for (const attachment of attachments) yield* letGo(m, thread, attachment)
  yield* releaseBuffer(m, thread, buffer)
}

function* episodes(m: Machine, { wrong }: Plan, thread: Thread, fn: PciFunction, shared: Shared[]): Running {
  const strays = m.random.chance(wrong)
    ? shared.flatMap(({ attachments }) => attachments.flatMap((a) => [...a.mappings]))
    : []
  if (m.random.chance(0.4)) {
    for (const { buffer, attachments } of shared) {
      if (attachments.length === 0 || !m.random.chance(0.5)) continue
      yield* locked(m, buffer, () => beginWork(m, thread, buffer))
      m.scheduler.start(finishWork(m, attachments[0]!, milliseconds(m.random.between(1, 60))))
    }
  }
  if (m.random.chance(wrong)) yield* resetFunction(m, fork(m, 'bash'), fn, { way: 'sysfs' })
  else if (m.random.chance(0.6)) yield* resetDevice(m, thread, fn, m.random.pick(['ioctl', 'flr-bit', 'af-flr']))
  else
    yield* toggle(m, thread, fn, m.random.pick(['command', 'power', 'runtime']), function* () {
      yield pause(m, 0.2, 30)
    })
  for (const mapping of strays)
    if (mapping.goneAt !== null && m.random.chance(0.5)) m.scheduler.start(strayAccess(m, mapping), milliseconds(20))
}

function* beginWork(m: Machine, thread: Thread, buffer: Buffer): Running {
  yield* addFence(m, thread, buffer)
}
