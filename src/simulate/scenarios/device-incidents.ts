/** What people reported of devices that do not come back as they should, as far as a trace of it would show anything. */
import { fatalError, fatalErrorOf, recover, unplug } from '../kernel/errors.ts'
import { fork, type Machine, type Thread, tracepoint } from '../kernel/machine.ts'
import { warn } from '../kernel/splat.ts'
import { unmapInCallback } from '../kernel/telling.ts'
import { close, hotReset, move, open, resetDevice } from '../kernel/vfio.ts'
import type { Running } from '../scheduler.ts'
import { bystanders, mapAgain, pause, vfioFunction } from './actors.ts'
import type { Scenario } from './scenario.ts'
import { importersOf, vfioSession } from './vfio-session.ts'

export const deviceIncidents = {
  'flr-times-out': {
    of: 'incident',
    summary: 'I05, MT7922: the FLR is given up after 65 s, and a reset of the bus works',
    play: vfioSession({
      body: function* (m, { thread, fn }) {
        yield* resetDevice(m, thread, fn, 'ioctl', { method: 'flr-then-bus' })
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
  'hot-reset-closed-sibling': {
    of: 'incident',
    summary: 'I21: a function of the set that is hot reset was never opened',
    play: (m) => m.scheduler.start(hotResetWithSibling(m)),
  },
} satisfies Record<string, Scenario>
function* hotResetWithSibling(m: Machine): Running {
  bystanders(m, 1, 300e6)
  const thread = fork(m, 'qemu-kvm')
  const fns = [vfioFunction(m, '0000:01:00.0'), vfioFunction(m, '0000:01:00.1')]
  yield* open(m, thread, fns[0]!)
  yield* hotReset(m, thread, fns)
  yield* close(m, thread, fns[0]!)
}
