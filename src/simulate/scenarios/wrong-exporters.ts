/** Exporters, and resets past them, that do not do what the contract asks (KERNEL.md §3.4, §6). */
import { locked } from '../kernel/buffers.ts'
import { importerOf } from '../kernel/drivers.ts'
import { addFence } from '../kernel/fences.ts'
import { fork, milliseconds } from '../kernel/machine.ts'
import { resetFunction } from '../kernel/pci-reset.ts'
import { warn } from '../kernel/splat.ts'
import { finishWork, unmapLater } from '../kernel/telling.ts'
import { close, move, resetDevice, toggle } from '../kernel/vfio.ts'
import { noteRestoredEarly } from '../truth/resets.ts'
import { IMPORTING, importBuffer, mapAgain, pause } from './actors.ts'
import type { Scenario } from './scenario.ts'
import { importersOf, vfioSession } from './vfio-session.ts'

export const wrongExporters = {
  'forgotten-unmaps': {
    of: 'wrong',
    summary: 'the exporter does not wait for the unmaps before it resets',
    play: vfioSession({
      flaws: { forgetsUnmaps: true },
      importers: importersOf(
        ['xe'],
        unmapLater((m) => milliseconds(m.random.between(60, 900))),
      ),
      body: function* (m, { thread, fn }) {
        yield* resetDevice(m, thread, fn, 'ioctl')
        yield pause(m, 900, 1000)
      },
    }),
  },
  'forgotten-fences': {
    of: 'wrong',
    summary: 'the exporter does not wait for the fences: the device works on into the reset',
    play: vfioSession({
      flaws: { forgetsFences: true },
      body: function* (m, { thread, fn, buffer, attachments }) {
        for (const attachment of attachments) {
          yield* locked(m, buffer, function* () {
            yield* addFence(m, thread, buffer)
          })
          m.scheduler.start(finishWork(m, attachment, milliseconds(m.random.between(30, 90))))
        }
        yield* resetDevice(m, thread, fn, 'ioctl')
      },
    }),
  },
  'non-revocable-importer': {
    of: 'wrong',
    summary: 'an exporter that revokes accepts importers that cannot be told',
    play: vfioSession({
      flaws: { acceptsAnybody: true, forgetsUnmaps: true },
      importers: importersOf(['i915', 'efa', 'mlx5']),
      body: function* (m, { thread, fn }) {
        yield* resetDevice(m, thread, fn, 'ioctl')
      },
    }),
  },
  'sysfs-reset': {
    of: 'wrong',
    summary: 'a reset through sysfs, past VFIO: nobody is told, mappings stay live',
    play: vfioSession({
      body: function* (m, { thread, fn }) {
        yield* resetFunction(m, fork(m, 'bash'), fn, { way: 'sysfs' })
        yield pause(m, 1, 30)
        if (m.random.chance(0.5)) yield* resetDevice(m, thread, fn, 'ioctl')
      },
    }),
  },
  'sysfs-reset-unmapped': {
    of: 'wrong',
    summary: 'the same, with nothing mapped',
    play: vfioSession({
      importers: () => [],
      body: function* (m, { fn }) {
        yield* resetFunction(m, fork(m, 'bash'), fn, { way: 'sysfs' })
      },
    }),
  },
  'map-during-sysfs-reset': {
    of: 'wrong',
    summary: 'an importer maps while a reset past VFIO is running',
    play: vfioSession({
      importers: () => [],
      body: function* (m, { thread, fn, buffer, attachments }) {
        yield* resetFunction(m, fork(m, 'bash'), fn, {
          way: 'sysfs',
          meanwhile: function* () {
            m.scheduler.start(
              (function* () {
                const attachment = yield* importBuffer(m, thread, buffer, importerOf('mlx5', IMPORTING[1]!))
                if (attachment) attachments.push(attachment)
              })(),
            )
            yield pause(m, 5, 20)
          },
        })
      },
    }),
  },
  'map-while-revoked': {
    of: 'wrong',
    summary: 'the exporter lets a revoked buffer be mapped',
    play: vfioSession({
      flaws: { mapsWhileRevoked: true },
      importers: importersOf(['mlx5']),
      body: function* (m, { thread, fn, attachments }) {
        yield* toggle(m, thread, fn, 'command', function* () {
          yield pause(m, 1, 10)
          yield* mapAgain(m, thread, attachments[0]!)
          yield pause(m, 1, 10)
        })
      },
    }),
  },
  'attach-while-revoked': {
    of: 'wrong',
    summary: 'the exporter lets a revoked buffer be attached, and refuses the map',
    play: vfioSession({
      flaws: { attachesWhileRevoked: true },
      importers: importersOf(['mlx5']),
      body: function* (m, { thread, fn, buffer }) {
        yield* toggle(m, thread, fn, 'command', function* () {
          yield pause(m, 150, 300)
          yield* importBuffer(m, thread, buffer, importerOf('virtgpu', IMPORTING[3]!))
        })
      },
    }),
  },
  'use-after-close': {
    of: 'wrong',
    summary: 'the exporter lets a buffer be attached and mapped whose device is closed for good',
    play: vfioSession({
      flaws: { mapsWhileRevoked: true, attachesWhileRevoked: true },
      importers: importersOf(['mlx5']),
      body: function* (m, { thread, fn, buffer, attachments }) {
        yield* close(m, thread, fn)
        yield pause(m, 150, 300)
        const late = yield* importBuffer(m, thread, buffer, importerOf('virtgpu', IMPORTING[3]!))
        if (late) attachments.push(late)
      },
    }),
  },
  'early-restore': {
    of: 'wrong',
    summary: 'another thread restores the buffers while the reset is still running',
    play: vfioSession({
      body: function* (m, { thread, fn }) {
        yield* move(m, thread, fn, true, 'ioctl')
        yield* resetFunction(m, thread, fn, {
          way: 'ioctl',
          meanwhile: function* () {
            const other = fork(m, 'vcpu0')
            noteRestoredEarly(m, fn)
            yield* move(m, other, fn, false, 'command')
          },
        })
      },
    }),
  },
  'kernel-splat': {
    of: 'wrong',
    summary: "the exporter's count goes below zero, and the kernel says so",
    play: vfioSession({
      importers: importersOf(['mlx5']),
      body: function* (m, { thread, fn, buffer }) {
        yield* resetDevice(m, thread, fn, 'ioctl')
        yield* warn(m, thread, buffer)
      },
    }),
  },
} satisfies Record<string, Scenario>
