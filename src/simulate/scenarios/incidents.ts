/** What people reported of buffers and importers, as far as a trace of it would show anything. */
import { exportBuffer, locked, releaseBuffer } from '../kernel/buffers.ts'
import { importerOf, moduleImporter } from '../kernel/drivers.ts'
import { heapExporter, moduleExporter } from '../kernel/exporter.ts'
import { addFence } from '../kernel/fences.ts'
import type { Importer } from '../kernel/importer.ts'
import { strayAccess } from '../kernel/iommu.ts'
import { importPrivately, privateImporter } from '../kernel/iommufd.ts'
import { fork, type Machine, milliseconds, seconds } from '../kernel/machine.ts'
import { unmap } from '../kernel/mappings.ts'
import { resetByModule, tell, unrevokeModule } from '../kernel/move.ts'
import { finishWork, keepMapping, unmapInCallback, unmapLater } from '../kernel/telling.ts'
import { resetDevice, toggle } from '../kernel/vfio.ts'
import type { Running } from '../scheduler.ts'
import { breach } from '../truth/truth.ts'
import { bystanders, IMPORTING, importBuffer, letGo, pause } from './actors.ts'
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
