/** What people reported, as far as a trace of it would show anything. */
import { exportBuffer, locked, releaseBuffer, unmap } from '../kernel/dma-buf.ts'
import { importerOf, moduleImporter } from '../kernel/drivers.ts'
import { fatalError, fatalErrorOf, recover, unplug } from '../kernel/errors.ts'
import { heapExporter, moduleExporter } from '../kernel/exporter.ts'
import { addFence } from '../kernel/fences.ts'
import type { Importer } from '../kernel/importer.ts'
import { strayAccess } from '../kernel/iommu.ts'
import { importPrivately, privateImporter } from '../kernel/iommufd.ts'
import { fork, type Machine, milliseconds, seconds, type Thread, tracepoint } from '../kernel/machine.ts'
import { resetByModule, tell, unrevokeModule } from '../kernel/move.ts'
import { warn } from '../kernel/splat.ts'
import { finishWork, keepMapping, unmapInCallback, unmapLater } from '../kernel/telling.ts'
import { close, hotReset, move, open, resetDevice, toggle } from '../kernel/vfio.ts'
import type { Running } from '../scheduler.ts'
import { breach } from '../truth/truth.ts'
import { bystanders, IMPORTING, importBuffer, letGo, mapAgain, pause, vfioFunction } from './actors.ts'
import type { Scenario } from './scenario.ts'
import { importersOf, vfioSession } from './vfio-session.ts'

export const incidents = {
  'fault-after-unmap': {
    of: 'incident',
    summary: 'I01, ath12k: a fault 6 ms after the driver itself let go: within what a fault line may be late',
    play: vfioSession({
      importers: importersOf(['mlx5']),
      body: function* (m, { thread, buffer, attachments }) {
        const mapping = [...attachments[0]!.mappings][0]!
        yield* locked(m, buffer, () => unmap(m, thread, mapping))
        m.scheduler.start(strayAccess(m, mapping), milliseconds(m.random.between(1, 2)))
        yield pause(m, 30, 60)
      },
    }),
  },
  'flr-times-out': {
    of: 'incident',
    summary: 'I05, MT7922: the FLR is given up after 65 s, and a reset of the bus works',
    play: vfioSession({
      body: function* (m, { thread, fn }) {
        yield* resetDevice(m, thread, fn, 'ioctl', { method: 'flr-then-bus' })
      },
    }),
  },
  'aer-during-flr': {
    of: 'incident',
    summary: 'I06, NVMe: the FLR makes the port above report an error',
    play: vfioSession({
      body: function* (m, { thread, fn }) {
        yield* resetDevice(m, thread, fn, 'ioctl', {
          meanwhile: function* () {
            const irq: Thread = { comm: 'irq/123-aerdrv', pid: 71, tgid: 71, cpu: 0 }
            yield* tracepoint(m, irq, 'ras:aer_event', {
              device: fn.port,
              severity: 'Uncorrected, non-fatal',
              flags: 'ACS Violation',
            })
          },
        })
      },
    }),
  },
  'flr-gives-up': {
    of: 'incident',
    summary: 'I03, AMD Starship: the device never becomes ready after its FLR, and there is no other method',
    play: vfioSession({
      body: function* (m, { thread, fn }) {
        yield* resetDevice(m, thread, fn, 'ioctl', { method: 'flr-for-ever' })
      },
    }),
  },
  'hot-unplug': {
    of: 'incident',
    summary: 'I02, SPDK: the card is pulled while its memory is mapped; the trace names the port alone',
    play: vfioSession({
      body: function* (m, { fn }) {
        yield* unplug(m, fn)
        yield pause(m, 5, 20)
      },
    }),
  },
  'device-lost': {
    of: 'incident',
    summary: 'I06: the exporter reports a fatal error with its memory mapped',
    play: vfioSession({
      body: function* (m, { fn }) {
        yield* fatalError(m, fn)
        yield pause(m, 5, 20)
      },
    }),
  },
  'importer-lost': {
    of: 'incident',
    summary: 'the same of the importer, which harms nothing that it has mapped',
    play: vfioSession({
      body: function* (m, { attachments }) {
        for (const { importer } of attachments) yield* fatalErrorOf(m, importer.device)
        yield pause(m, 5, 20)
      },
    }),
  },
  'error-recovery': {
    of: 'incident',
    summary: 'an error is recovered by a reset of the bus, past VFIO, with mappings live',
    play: vfioSession({
      body: function* (m, { fn }) {
        yield* recover(m, fn)
        yield pause(m, 5, 20)
      },
    }),
  },
  'oops-in-flr': {
    of: 'incident',
    summary: 'I17, CVE-2026-52953: the kernel warns in the middle of an FLR',
    play: vfioSession({
      body: function* (m, { thread, fn, buffer }) {
        yield* resetDevice(m, thread, fn, 'ioctl', { meanwhile: () => warn(m, thread, buffer) })
      },
    }),
  },
  'capability-lost': {
    of: 'incident',
    summary: 'a driver attaches with its callback, and the next time through the generic path without one',
    play: (m) => m.scheduler.start(generic(m)),
  },
  'exporter-moves': {
    of: 'incident',
    summary: 'I08, libfabric: the exporter moves, the importer unmaps, and its NIC works on',
    play: (m) => m.scheduler.start(movedUnderNic(m)),
  },
  'module-reset': {
    of: 'incident',
    summary: 'I09, Tenstorrent: a driver with a reset of its own tells its importers first, and they let go',
    play: (m) => m.scheduler.start(resetModule(m, 'obeys')),
  },
  'module-reset-late': {
    of: 'incident',
    summary: 'the same, with an importer that lets go after the reset has begun',
    play: (m) => m.scheduler.start(resetModule(m, 'late')),
  },
  'module-reset-untold': {
    of: 'incident',
    summary: 'the same, with an importer that cannot be told',
    play: (m) => m.scheduler.start(resetModule(m, 'cannot')),
  },
  'memory-toggle-iommufd': {
    of: 'incident',
    summary: 'I10, cloud-hypervisor: the guest turns memory decode off and on, and the peer-to-peer mapping is gone',
    play: vfioSession({
      importers: () => [],
      body: function* (m, { thread, fn, buffer, attachments }) {
        const attachment = yield* importPrivately(m, thread, buffer, privateImporter())
        if (attachment) attachments.push(attachment)
        yield pause(m, 1, 30)
        yield* toggle(m, thread, fn, 'command', function* () {
          yield pause(m, 1, 5)
        })
      },
    }),
  },
  'fence-never-signals': {
    of: 'incident',
    summary: 'I11: a fence never signals, and the exporter waits for it for ever',
    play: vfioSession({
      importers: importersOf(['xe'], keepMapping()),
      ends: false,
      body: function* (m, { thread, fn, buffer }) {
        yield* locked(m, buffer, function* () {
          yield* addFence(m, thread, buffer)
        })
        m.scheduler.start(speakLater(m), seconds(30))
        yield* resetDevice(m, thread, fn, 'ioctl')
      },
    }),
  },
  'flr-storm': {
    of: 'incident',
    summary: 'I16, SR-IOV: one FLR after the other',
    play: vfioSession({
      body: function* (m, { thread, fn, attachments }) {
        for (let i = 0; i < 8; i++) {
          yield* resetDevice(m, thread, fn, m.random.pick(['ioctl', 'flr-bit']))
          for (const attachment of attachments) yield* mapAgain(m, thread, attachment)
          yield pause(m, 0.1, 5)
        }
      },
    }),
  },
  'close-while-memory-off': {
    of: 'incident',
    summary: 'c64a647c84f3: memory off, then close: the count is waited for twice, and goes below zero',
    play: vfioSession({
      importers: importersOf(['mlx5'], unmapInCallback()),
      body: function* (m, { thread, fn, buffer }) {
        yield* move(m, thread, fn, true, 'command')
        yield* warn(m, thread, buffer)
        yield* close(m, thread, fn)
      },
    }),
  },
  'fd-exhaustion': {
    of: 'incident',
    summary: 'CVE-2026-31468: no descriptor is left for the exported buffer, and it goes at once',
    play: vfioSession({
      body: function* (m, { thread, exporter }) {
        const buffer = yield* exportBuffer(m, thread, exporter, { size: 4096 })
        yield* releaseBuffer(m, thread, buffer)
      },
    }),
  },
  'hot-reset-closed-sibling': {
    of: 'incident',
    summary: 'I21: a function of the set that is hot reset was never opened',
    play: (m) => m.scheduler.start(hotResetWithSibling(m)),
  },
} satisfies Record<string, Scenario>

function* speakLater(m: Machine): Running {
  m.recorder.noise(fork(m, 'systemd'))
  yield 1
}

/** virtio-gpu imports by itself, or leaves it to DRM where the buffer is none that it can use. */
function* generic(m: Machine): Running {
  bystanders(m, 1, 300e6)
  const thread = fork(m, 'weston')
  const device = IMPORTING[3]!
  const virtgpu = importerOf('virtgpu', device)
  const drm: Importer = {
    ...importerOf('i915', device),
    attaches: 'drm_gem_prime_import_dev+0x5a/0x1b0 [drm]',
    maps: 'drm_gem_prime_import_dev+0x7d/0x1b0 [drm]',
    unmaps: 'drm_prime_gem_destroy+0x1f/0x50 [drm]',
  }
  for (const importer of [virtgpu, drm]) {
    const buffer = yield* exportBuffer(m, thread, heapExporter(), { size: 65536 })
    const attachment = yield* importBuffer(m, thread, buffer, importer)
    yield pause(m, 1, 30)
    if (attachment) yield* letGo(m, thread, attachment)
    yield* releaseBuffer(m, thread, buffer)
  }
  breach(m.truth, 'capability-changed', {
    importer: device,
    severity: 'info',
    at: m.scheduler.now,
    why: 'dynamic, and then legacy',
  })
}

function* movedUnderNic(m: Machine): Running {
  bystanders(m, 1, 300e6)
  const thread = fork(m, 'fi_rma_bw')
  const buffer = yield* exportBuffer(m, thread, { ...moduleExporter(), revokes: false, name: 'drm' }, { size: 65536 })
  const attachment = yield* importBuffer(m, thread, buffer, importerOf('mlx5', IMPORTING[2]!))
  if (!attachment) return
  const mapping = [...attachment.mappings][0]!
  yield pause(m, 1, 30)
  yield* tell(m, fork(m, 'kworker/u8:3'), buffer, 'move')
  m.scheduler.start(strayAccess(m, mapping), milliseconds(m.random.between(20, 80)))
  yield pause(m, 100, 120)
  yield* letGo(m, thread, attachment)
  yield* releaseBuffer(m, thread, buffer)
}

function* resetModule(m: Machine, importer: 'obeys' | 'late' | 'cannot'): Running {
  bystanders(m, 1, 300e6)
  const thread = fork(m, 'tool')
  const told =
    importer === 'late' ? unmapLater((inner) => milliseconds(inner.random.between(40, 90))) : unmapInCallback()
  const one = importer === 'cannot' ? importerOf('i915', '0000:00:04.0') : moduleImporter('0000:00:04.0', told)
  const buffer = yield* exportBuffer(m, thread, moduleExporter(), { size: 16384 })
  const attachment = yield* importBuffer(m, thread, buffer, one)
  if (!attachment) return
  if (importer === 'obeys') {
    yield* locked(m, buffer, function* () {
      yield* addFence(m, thread, buffer)
    })
    m.scheduler.start(finishWork(m, attachment, milliseconds(m.random.between(20, 40))))
  }
  yield pause(m, 1, 10)
  yield* tell(m, thread, buffer, 'module')
  yield* resetByModule(m, thread, buffer, 300)
  yield pause(m, 1, 10)
  yield* unrevokeModule(m, thread, buffer)
  yield* letGo(m, thread, attachment)
  yield* releaseBuffer(m, thread, buffer)
}

function* hotResetWithSibling(m: Machine): Running {
  bystanders(m, 1, 300e6)
  const thread = fork(m, 'qemu-kvm')
  const fns = [vfioFunction(m, '0000:01:00.0'), vfioFunction(m, '0000:01:00.1')]
  yield* open(m, thread, fns[0]!)
  yield* hotReset(m, thread, fns)
  yield* close(m, thread, fns[0]!)
}
