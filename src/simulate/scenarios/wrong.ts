/** Somebody does not do what the contract asks (KERNEL.md §3.4, §6). */
import { detach, locked, pin, releaseBuffer, unmap, unmapAgain } from '../kernel/dma-buf.ts'
import { importerOf, moduleImporter } from '../kernel/drivers.ts'
import { addFence } from '../kernel/fences.ts'
import { strayAccess, wrongDirection } from '../kernel/iommu.ts'
import { fork, type Machine, milliseconds, printk, seconds, type Thread, tracepoint } from '../kernel/machine.ts'
import type { Attachment, Mapping } from '../kernel/objects.ts'
import { resetFunction } from '../kernel/pci-reset.ts'
import { warn } from '../kernel/splat.ts'
import { finishWork, keepMapping, unmapLater } from '../kernel/telling.ts'
import { close, move, resetDevice, toggle } from '../kernel/vfio.ts'
import { noteRestoredEarly } from '../truth/resets.ts'
import { IMPORTING, importBuffer, mapAgain, pause } from './actors.ts'
import type { Scenario } from './scenario.ts'
import { importersOf, vfioSession } from './vfio-session.ts'

/** The mapping that an attachment has now. */
const first = ({ mappings }: Attachment): Mapping => [...mappings][0]!

/** An access that goes on after its mapping has gone, now and then several times. */
function stray(m: Machine, mapping: Mapping, least: number, most: number): void {
  for (let i = m.random.below(3); i >= 0; i--)
    m.scheduler.start(strayAccess(m, mapping), milliseconds(m.random.between(least, most)))
}

export const wrong = {
  'late-unmap': {
    of: 'wrong',
    summary: 'an importer lets go only after seconds; the reset waits for it',
    play: vfioSession({
      importers: importersOf(
        ['xe', 'mlx5'],
        unmapLater((m) => seconds(m.random.pick([0.4, 1.3, 3, 12]))),
      ),
      body: function* (m, { thread, fn }) {
        yield* resetDevice(m, thread, fn, 'ioctl')
      },
    }),
  },
  'never-unmap': {
    of: 'wrong',
    summary: 'an importer never lets go: the reset waits for ever',
    play: vfioSession({
      importers: importersOf(['xe'], keepMapping()),
      ends: false,
      body: function* (m, { thread, fn }) {
        m.scheduler.start(hungTask(m, thread), seconds(122))
        yield* resetDevice(m, thread, fn, 'ioctl')
      },
    }),
  },
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
  'use-after-revoke': {
    of: 'wrong',
    summary: "an importer's device works on after the revoke took its mapping",
    play: vfioSession({
      importers: importersOf(['mlx5']),
      body: function* (m, { thread, fn, attachments }) {
        const mapping = first(attachments[0]!)
        yield* move(m, thread, fn, true, 'ioctl')
        stray(m, mapping, 20, 60)
        yield pause(m, 1, 10)
        yield* resetFunction(m, thread, fn, { way: 'ioctl' })
        yield* move(m, thread, fn, false, 'ioctl')
        yield pause(m, 10, 30)
      },
    }),
  },
  'use-after-restore': {
    of: 'wrong',
    summary: 'the same, long after the buffer was restored',
    play: vfioSession({
      importers: importersOf(['mlx5']),
      body: function* (m, { thread, fn, attachments }) {
        const mapping = first(attachments[0]!)
        yield* resetDevice(m, thread, fn, 'ioctl')
        stray(m, mapping, 100, 900)
        yield pause(m, 950, 1000)
      },
    }),
  },
  'direction-error': {
    of: 'wrong',
    summary: 'a device writes where it may only read, through a mapping that lives: no use after anything',
    play: vfioSession({
      importers: importersOf(['mlx5']),
      body: function* (m, { thread, fn, attachments }) {
        yield* wrongDirection(m, first(attachments[0]!))
        yield pause(m, 20, 30)
        yield* resetDevice(m, thread, fn, 'ioctl')
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
  'double-unmap': {
    of: 'wrong',
    summary: 'an importer unmaps what it has unmapped',
    play: vfioSession({
      importers: importersOf(['mlx5']),
      body: function* (m, { thread, buffer, attachments }) {
        const mapping = first(attachments[0]!)
        yield* locked(m, buffer, () => unmap(m, thread, mapping))
        yield pause(m, 0.1, 4)
        yield* locked(m, buffer, () => unmapAgain(m, thread, mapping))
      },
    }),
  },
  'use-after-detach': {
    of: 'wrong',
    summary: 'an importer unmaps through an attachment that it has detached',
    play: vfioSession({
      importers: importersOf(['mlx5']),
      body: function* (m, { thread, attachments }) {
        const attachment = attachments[0]!
        const mapping = first(attachment)
        yield* detach(m, thread, attachment)
        attachment.mappings.delete(mapping)
        attachment.buffer.counted--
        yield* unmapAgain(m, thread, mapping)
      },
    }),
  },
  'released-while-attached': {
    of: 'wrong',
    summary: 'the last reference to a buffer goes while an importer is attached and mapped',
    play: vfioSession({
      importers: importersOf(['mlx5']),
      ends: false,
      body: function* (m, { thread, fn, buffer }) {
        yield* releaseBuffer(m, thread, buffer)
        yield pause(m, 1, 20)
        yield* close(m, thread, fn)
      },
    }),
  },
  'leaked-attachment': {
    of: 'wrong',
    summary: 'an importer fails after its attach and forgets to detach',
    play: vfioSession({
      importers: importersOf(['xe']),
      ends: false,
      body: function* (m, { thread, buffer, fn, attachments }) {
        const attachment = attachments[0]!
        yield* locked(m, buffer, () => unmap(m, thread, first(attachment)))
        if (m.random.chance(0.5)) yield* releaseBuffer(m, thread, buffer)
        yield* close(m, thread, fn)
      },
    }),
  },
  'pin-imbalance': {
    of: 'wrong',
    summary: 'an importer detaches with a pin left',
    play: vfioSession({
      importers: importersOf(['virtgpu']),
      body: function* (m, { thread, buffer, attachments }) {
        const attachment = attachments[0]!
        yield* locked(m, buffer, function* () {
          yield* pin(m, thread, attachment)
          yield* unmap(m, thread, first(attachment))
        })
        yield* detach(m, thread, attachment)
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
  'unknown-importer': {
    of: 'wrong',
    summary: 'an importer of a module that no table knows keeps its mapping through a reset that does not wait',
    play: vfioSession({
      flaws: { forgetsUnmaps: true },
      importers: () => [moduleImporter('0000:00:04.0', keepMapping())],
      body: function* (m, { thread, fn }) {
        yield* resetDevice(m, thread, fn, 'ioctl')
        yield pause(m, 1500, 2500)
      },
    }),
  },
} satisfies Record<string, Scenario>

function* hungTask(m: Machine, stuck: Thread) {
  const khungtaskd: Thread = { comm: 'khungtaskd', pid: 33, tgid: 33, cpu: 0 }
  yield* tracepoint(m, khungtaskd, 'sched:sched_process_hang', { comm: stuck.comm, pid: stuck.pid })
  yield* printk(m, khungtaskd, `INFO: task ${stuck.comm}:${stuck.pid} blocked for more than 120 seconds.`)
}
