/** Importers that do not do what the contract asks (KERNEL.md §3.4, §6). */
import { detach, pin } from '../kernel/attachments.ts'
import { locked, releaseBuffer } from '../kernel/buffers.ts'
import { moduleImporter } from '../kernel/drivers.ts'
import { strayAccess, wrongDirection } from '../kernel/iommu.ts'
import { type Machine, milliseconds, printk, seconds, type Thread, tracepoint } from '../kernel/machine.ts'
import { unmap, unmapAgain } from '../kernel/mappings.ts'
import type { Attachment, Mapping } from '../kernel/objects.ts'
import { resetFunction } from '../kernel/pci-reset.ts'
import { keepMapping, unmapLater } from '../kernel/telling.ts'
import { close, move, resetDevice } from '../kernel/vfio.ts'
import { pause } from './actors.ts'
import type { Scenario } from './scenario.ts'
import { importersOf, vfioSession } from './vfio-session.ts'

/** The mapping that an attachment has now. */
const first = ({ mappings }: Attachment): Mapping => [...mappings][0]!

/** An access that goes on after its mapping has gone, now and then several times. */
function stray(m: Machine, mapping: Mapping, least: number, most: number): void {
  for (let i = m.random.below(3); i >= 0; i--)
    m.scheduler.start(strayAccess(m, mapping), milliseconds(m.random.between(least, most)))
}

export const wrongImporters = {
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
