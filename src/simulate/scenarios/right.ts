/** Everybody does what the contract asks (KERNEL.md §3.2, §3.3). */

import { exportBuffer, locked, releaseBuffer } from '../kernel/buffers.ts'
import { importerOf } from '../kernel/drivers.ts'
import { EAGAIN, ENOTTY, uverbsExporter, vfioExporter } from '../kernel/exporter.ts'
import { addFence } from '../kernel/fences.ts'
import { importPrivately, privateImporter } from '../kernel/iommufd.ts'
import { fork, type Machine, milliseconds } from '../kernel/machine.ts'
import { tell } from '../kernel/move.ts'
import type { Buffer } from '../kernel/objects.ts'
import { resetFunction } from '../kernel/pci-reset.ts'
import { finishWork, unmapLater } from '../kernel/telling.ts'
import { close, hotReset, move, open, resetDevice, toggle } from '../kernel/vfio.ts'
import type { Running } from '../scheduler.ts'
import { IMPORTING, importBuffer, letGo, mapAgain, pause, shareBuffer, vfioFunction } from './actors.ts'
import type { Scenario } from './scenario.ts'
import { finish, importersOf, oneOfSome, type Session, vfioSession } from './vfio-session.ts'

function* remap(m: Machine, { thread, attachments }: Session): Running {
  yield pause(m, 0.1, 30)
  for (const attachment of attachments) yield* mapAgain(m, thread, attachment)
}

const reset = (way: 'ioctl' | 'flr-bit' | 'af-flr', method?: 'flr' | 'af-flr' | 'pm') =>
  vfioSession({
    body: function* (m, session) {
      yield* resetDevice(m, session.thread, session.fn, way, method === undefined ? {} : { method })
      yield* remap(m, session)
    },
  })

const toggled = (way: 'command' | 'power' | 'runtime') =>
  vfioSession({
    body: function* (m, session) {
      yield* toggle(m, session.thread, session.fn, way, function* () {
        yield pause(m, 0.5, 40)
        if (m.random.chance(0.5))
          yield* importBuffer(m, session.thread, session.buffer, importerOf('mlx5', IMPORTING[4]!))
      })
      yield* remap(m, session)
    },
  })

export const right = {
  flr: { of: 'right', summary: 'VFIO_DEVICE_RESET: revoke, function level reset, restore', play: reset('ioctl') },
  'flr-config-write': { of: 'right', summary: 'the guest sets the FLR bit of PCIe DevCtl', play: reset('flr-bit') },
  'af-flr': {
    of: 'right',
    summary: 'the guest sets the FLR bit of the AF capability',
    play: reset('af-flr', 'af-flr'),
  },
  'pm-reset': { of: 'right', summary: 'a device without FLR is reset through D3hot', play: reset('ioctl', 'pm') },
  'memory-disable': { of: 'right', summary: 'PCI_COMMAND.MEM is cleared and set again', play: toggled('command') },
  'power-state': { of: 'right', summary: 'D3hot and D0 through the PM capability', play: toggled('power') },
  'runtime-power': { of: 'right', summary: 'low power entry and exit', play: toggled('runtime') },
  'open-close': {
    of: 'right',
    summary: 'a device is opened and closed; the resets at both ends concern nobody',
    play: vfioSession({
      importers: () => [],
      body: function* (m) {
        yield pause(m, 1, 10)
      },
    }),
  },
  'close-while-imported': {
    of: 'right',
    summary: 'the device is closed while importers hold its buffer: revoked for good, and refused from then on',
    play: vfioSession({
      body: function* (m, { thread, fn, buffer }) {
        yield* close(m, thread, fn)
        yield pause(m, 1, 30)
        yield* importBuffer(m, thread, buffer, importerOf('virtgpu', IMPORTING[3]!))
      },
    }),
  },
  'deferred-importer': {
    of: 'right',
    summary: 'an importer with work under way stops by its fences and unmaps from a worker',
    play: vfioSession({
      importers: importersOf(
        ['xe'],
        unmapLater((m) => milliseconds(m.random.between(5, 300))),
      ),
      body: function* (m, session) {
        const { thread, buffer, attachments } = session
        for (const attachment of attachments) {
          yield* locked(m, buffer, function* () {
            yield* addFence(m, thread, buffer)
          })
          m.scheduler.start(finishWork(m, attachment, milliseconds(m.random.between(20, 200))))
        }
        yield pause(m, 0.1, 10)
        yield* resetDevice(m, thread, session.fn, 'ioctl')
        yield* remap(m, session)
      },
    }),
  },
  refused: {
    of: 'right',
    summary: 'importers that cannot be told are refused, and so is everybody while the buffer is revoked',
    play: vfioSession({
      importers: () => [],
      body: function* (m, { thread, fn, buffer }) {
        for (const name of ['i915', 'efa', 'devmem'] as const)
          yield* importBuffer(m, thread, buffer, importerOf(name, m.random.pick(IMPORTING)))
        yield* toggle(m, thread, fn, 'command', function* () {
          yield* importBuffer(m, thread, buffer, importerOf('mlx5', IMPORTING[1]!))
          yield* importBuffer(m, thread, buffer, importerOf('i915', IMPORTING[2]!))
        })
      },
    }),
  },
  'born-revoked': {
    of: 'right',
    summary: 'a buffer exported while memory decode is off is revoked from the start',
    play: vfioSession({
      body: function* (m, { thread, fn, exporter }) {
        const born: Buffer[] = []
        yield* toggle(m, thread, fn, 'command', function* () {
          const { buffer } = yield* shareBuffer(m, thread, fn, exporter, [importerOf('mlx5', IMPORTING[1]!)])
          born.push(buffer)
        })
        for (const buffer of born) {
          const attachment = yield* importBuffer(m, thread, buffer, importerOf('mlx5', IMPORTING[1]!))
          if (attachment) yield* letGo(m, thread, attachment)
          yield* releaseBuffer(m, thread, buffer)
        }
      },
    }),
  },
  'failed-reset': {
    of: 'right',
    summary: 'a reset is refused before it touches the device, with mappings live',
    play: vfioSession({
      body: function* (m, { thread, fn }) {
        yield* resetFunction(m, fork(m, 'bash'), fn, { way: 'sysfs', errno: m.random.pick([EAGAIN, ENOTTY]) })
        yield pause(m, 1, 10)
        yield* resetDevice(m, thread, fn, 'ioctl')
      },
    }),
  },
  'hot-reset': {
    of: 'right',
    summary: 'VFIO_DEVICE_PCI_HOT_RESET: all functions below a bridge, one after the other and back in reverse',
    play: (m) => {
      m.scheduler.start(
        (function* (): Running {
          const thread = fork(m, 'qemu-kvm')
          const fns = [vfioFunction(m, '0000:01:00.0'), vfioFunction(m, '0000:01:00.1')]
          const sessions: Session[] = []
          for (const fn of fns) {
            yield* open(m, thread, fn)
            const exporter = vfioExporter()
            const shared = yield* shareBuffer(m, thread, fn, exporter, oneOfSome(m))
            sessions.push({ thread, fn, exporter, ...shared })
          }
          yield pause(m, 1, 30)
          yield* hotReset(m, thread, fns)
          for (const session of sessions) yield* remap(m, session)
          for (const session of sessions) yield* finish(m, session)
        })(),
      )
    },
  },
  iommufd: {
    of: 'right',
    summary: 'iommufd imports: it maps by itself, lets go in its callback, and never maps again',
    play: vfioSession({
      importers: () => [],
      body: function* (m, session) {
        const { thread, fn, buffer, attachments } = session
        const attachment = yield* importPrivately(m, thread, buffer, privateImporter())
        if (attachment) attachments.push(attachment)
        yield pause(m, 1, 30)
        yield* resetDevice(m, thread, fn, 'ioctl')
      },
    }),
  },
  'uverbs-destroy': {
    of: 'right',
    summary: 'memory of an RDMA device is destroyed under its importers: revoked once and for good',
    play: (m) => m.scheduler.start(uverbs(m)),
  },
  'two-devices': {
    of: 'right',
    summary: 'two devices are reset at the same time, each with its own buffers and importers',
    play: (m) => {
      for (const device of ['0000:01:00.0', '0000:3b:00.0']) {
        vfioSession({
          device,
          body: function* (inner, session) {
            yield* resetDevice(inner, session.thread, session.fn, 'ioctl')
            yield* remap(inner, session)
          },
        })(m)
      }
    },
  },
  'close-in-the-middle': {
    of: 'right',
    summary: 'an importer closes its handle just when it is told to let go',
    play: vfioSession({
      body: function* (m, { thread, fn, attachments }) {
        const user = fork(m, 'glxgears')
        for (const attachment of attachments) m.scheduler.start(letGo(m, user, attachment), m.random.between(0, 400e3))
        yield* resetDevice(m, thread, fn, 'ioctl')
        yield pause(m, 1, 3)
      },
    }),
  },
  'command-again': {
    of: 'right',
    summary: 'COMMAND is written again and again with memory on: nothing to restore',
    play: vfioSession({
      body: function* (m, { thread, fn }) {
        for (let i = 0; i < 3; i++) {
          yield* move(m, thread, fn, false, 'command')
          yield pause(m, 0.1, 2)
        }
      },
    }),
  },
} satisfies Record<string, Scenario>

function* uverbs(m: Machine): Running {
  const thread = fork(m, 'ibv_rc_pingpong')
  const buffer = yield* exportBuffer(m, thread, uverbsExporter(), { size: 65536 })
  const attachment = yield* importBuffer(m, thread, buffer, importerOf('mlx5', IMPORTING[2]!))
  yield pause(m, 1, 30)
  yield* tell(m, thread, buffer, 'destroy')
  yield pause(m, 1, 30)
  yield* importBuffer(m, thread, buffer, importerOf('virtgpu', IMPORTING[0]!))
  if (attachment) yield* letGo(m, thread, attachment)
  yield* releaseBuffer(m, thread, buffer)
}
