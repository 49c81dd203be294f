/** An exporter module that breaks its side of the contract. Its reset is `pcirst_dbt`, a name of the recipe. */

import type { Case } from './case.ts'
import { attachment, dbtest, EDU, efa, legacy, mapping } from './cast.ts'
import * as b from './kernel-buffers.ts'
import { as, KWORKER, type Ledger, print, wait } from './kernel-lines.ts'

const RECIPE = ['recipe'] as const

export function hardwareReset(k: Ledger, seconds = 0.03, inside?: () => void): void {
  print(k, 'pcirst_dbt', `(dbt_hw_reset+0x4/0x20 [dbtest]) dev=0xffff889ac10560d0 ms=${seconds * 1000}`, '...2.')
  wait(k, seconds / 2)
  inside?.()
  wait(k, seconds / 2)
  print(k, 'pcirst_dbt_ret', '(dbt_ioctl+0x3af/0x73a [dbtest] <- dbt_hw_reset)')
}

const CALLER = 'dbt_ioctl+0x2cb/0x73a [dbtest]'
const waits = (k: Ledger, one: b.Buffer_, more: b.Wait = {}): void =>
  b.waitFences(k, one, { caller: 'dbt_ioctl+0x53e/0x73a [dbtest]', ...more })

const buf = b.buffer(5, 'dbtest')
const lazy = attachment(buf, dbtest('dbt_inv_lazy'))
const held = mapping(lazy)
const sync = attachment(buf, dbtest())
const quick = mapping(sync)

function mapped(k: Ledger, m: b.Mapping): void {
  b.exportBuffer(k, m.attachment.buffer)
  b.attach(k, m.attachment)
  b.map(k, m)
  wait(k, 0.05)
}

function gone(k: Ledger, m: b.Mapping): void {
  b.unmap(k, m, 'dbt_ioctl+0x33b/0x73a [dbtest]')
  b.detach(k, m.attachment)
  b.release(k, m.attachment.buffer)
}

export const moduleExporter: Case[] = [
  {
    name: 'resets before the importer has unmapped, half a second late',
    shown: RECIPE,
    run: (k) => {
      mapped(k, held)
      b.invalidate(k, buf, CALLER)
      waits(k, buf)
      hardwareReset(k)
      wait(k, 0.5)
      gone(k, held)
    },
    violated: [`reset-while-mapped 5 ${EDU}`],
    resets: ['- unknown unknown 1 violated'],
  },
  {
    name: 'resets, and the importer unmaps 3 s later at its detach',
    shown: RECIPE,
    run: (k) => {
      mapped(k, held)
      b.invalidate(k, buf, CALLER)
      waits(k, buf)
      hardwareReset(k)
      wait(k, 3)
      gone(k, held)
    },
    violated: [`reset-while-mapped 5 ${EDU}`, `late-unmap 5 ${EDU}`],
  },
  {
    name: 'resets, and the importer never unmaps',
    shown: RECIPE,
    run: (k) => {
      mapped(k, held)
      b.invalidate(k, buf, CALLER)
      waits(k, buf)
      hardwareReset(k)
      wait(k, 20)
      print(k, 'tracing_mark_write', 'APP end')
    },
    violated: [`reset-while-mapped 5 ${EDU}`, `late-unmap 5 ${EDU}`],
  },
  {
    name: 'waits for BOOKKEEP and unmap, from a worker: right',
    shown: RECIPE,
    run: (k) => {
      mapped(k, held)
      b.addFence(k, buf, 3, 7)
      b.invalidate(k, buf, CALLER)
      waits(k, buf, {
        inside: () =>
          as(k, KWORKER, () => {
            wait(k, 0.1)
            b.signalFence(k, 3, 7)
          }),
      })
      as(k, KWORKER, () => b.unmap(k, held))
      hardwareReset(k)
      b.detach(k, lazy)
      b.release(k, buf)
    },
    resets: ['- unknown unknown 0 clean'],
  },
  {
    name: 'waits for WRITE fences only while a BOOKKEEP fence is pending',
    shown: RECIPE,
    run: (k) => {
      mapped(k, quick)
      b.addFence(k, buf, 3, 7)
      b.invalidate(k, buf, CALLER, () => b.unmap(k, quick, 'dbt_inv_sync+0x22/0x30 [dbtest]'))
      waits(k, buf, { usage: 1 })
      hardwareReset(k, 0.3, () => as(k, KWORKER, () => b.signalFence(k, 3, 7)))
      b.detach(k, sync)
      b.release(k, buf)
    },
    violated: ['fences-not-awaited 5 -', 'late-fence 5 -'],
  },
  {
    name: 'waits for WRITE fences, which covers the only fence there is: right',
    shown: RECIPE,
    run: (k) => {
      mapped(k, quick)
      b.addFence(k, buf, 3, 7, 1)
      b.invalidate(k, buf, CALLER, () => b.unmap(k, quick, 'dbt_inv_sync+0x22/0x30 [dbtest]'))
      waits(k, buf, {
        usage: 1,
        inside: () =>
          as(k, KWORKER, () => {
            wait(k, 0.1)
            b.signalFence(k, 3, 7)
          }),
      })
      hardwareReset(k)
      b.detach(k, sync)
      b.release(k, buf)
    },
  },
  {
    name: 'gives up waiting: ret=0',
    shown: RECIPE,
    run: (k) => {
      mapped(k, quick)
      b.addFence(k, buf, 3, 7)
      b.invalidate(k, buf, CALLER, () => b.unmap(k, quick, 'dbt_inv_sync+0x22/0x30 [dbtest]'))
      waits(k, buf, { ret: '0', inside: () => wait(k, 1) })
      hardwareReset(k, 0.3, () => as(k, KWORKER, () => b.signalFence(k, 3, 7)))
      b.detach(k, sync)
      b.release(k, buf)
    },
    violated: ['fences-not-awaited 5 -', 'late-fence 5 -'],
  },
  {
    name: 'is interrupted waiting: ret=-512',
    shown: RECIPE,
    run: (k) => {
      mapped(k, quick)
      b.addFence(k, buf, 3, 7)
      b.invalidate(k, buf, CALLER, () => b.unmap(k, quick, 'dbt_inv_sync+0x22/0x30 [dbtest]'))
      waits(k, buf, { ret: '-512', intr: 1 })
      hardwareReset(k, 0.3, () => as(k, KWORKER, () => b.signalFence(k, 3, 7)))
      b.detach(k, sync)
      b.release(k, buf)
    },
    violated: ['fences-not-awaited 5 -', 'late-fence 5 -'],
  },
  {
    name: 'waits on the fence itself, then resets: right',
    shown: RECIPE,
    run: (k) => {
      mapped(k, quick)
      b.addFence(k, buf, 3, 7)
      b.invalidate(k, buf, CALLER, () => b.unmap(k, quick, 'dbt_inv_sync+0x22/0x30 [dbtest]'))
      print(k, 'dma_fence_wait_start', 'driver=mod timeline=ring0 context=3 seqno=7', '.....')
      as(k, KWORKER, () => {
        wait(k, 0.1)
        b.signalFence(k, 3, 7)
      })
      print(k, 'dma_fence_wait_end', 'driver=detached-driver timeline=signaled-timeline context=3 seqno=7', '.....')
      hardwareReset(k)
      b.detach(k, sync)
      b.release(k, buf)
    },
  },
  {
    name: 'a fence whose seqno passes 2^32 between adding and signalling is the same fence',
    shown: RECIPE,
    run: (k) => {
      mapped(k, quick)
      b.addFence(k, buf, 3, 2n ** 32n - 1n)
      b.addFence(k, buf, 3, 2n ** 32n)
      as(k, KWORKER, () => {
        b.signalFence(k, 3, 2n ** 32n - 1n)
        b.signalFence(k, 3, 2n ** 32n)
      })
      b.invalidate(k, buf, CALLER, () => b.unmap(k, quick, 'dbt_inv_sync+0x22/0x30 [dbtest]'))
      hardwareReset(k)
      b.detach(k, sync)
      b.release(k, buf)
    },
    // Not waiting with nothing pending endangers nobody; the truth leaves open whether it is named.
  },
  {
    name: 'a fence beyond 2^32 is still pending at the reset',
    shown: RECIPE,
    run: (k) => {
      mapped(k, quick)
      // An importer's wait at its map: waits can be recorded here.
      waits(k, buf, { usage: 0 })
      b.addFence(k, buf, 3, 2n ** 32n + 4n)
      b.invalidate(k, buf, CALLER, () => b.unmap(k, quick, 'dbt_inv_sync+0x22/0x30 [dbtest]'))
      hardwareReset(k, 0.3, () => as(k, KWORKER, () => b.signalFence(k, 3, 2n ** 32n + 4n)))
      b.detach(k, sync)
      b.release(k, buf)
    },
    violated: ['fences-not-awaited 5 -', 'late-fence 5 -'],
  },
  {
    name: 'static and callback-less importers keep their mappings through invalidate and reset',
    shown: RECIPE,
    run: (k) => {
      const old = mapping(attachment(buf, legacy, '0xffff889ac63c8300'), 0xffff0000, '0xffff889ac101a170')
      const deaf = mapping(
        attachment(buf, { ...efa, device: '0000:08:00.0' }, '0xffff889ac63c8540'),
        0xfffe0000,
        '0xffff889ac101a1c0',
      )
      b.exportBuffer(k, buf)
      for (const m of [old, deaf]) {
        b.attach(k, m.attachment)
        if (m === deaf) b.pin(k, m.attachment)
        b.map(k, m)
      }
      b.invalidate(k, buf, CALLER)
      waits(k, buf)
      hardwareReset(k)
      wait(k, 0.2)
      b.unmap(k, old)
      b.detach(k, old.attachment)
      b.unmap(k, deaf)
      b.unpin(k, deaf.attachment)
      b.detach(k, deaf.attachment)
      b.release(k, buf)
    },
    violated: [
      `invalidate-ignored 5 ${EDU}`,
      'invalidate-ignored 5 0000:08:00.0',
      `non-revocable-importer 5 ${EDU}`,
      'non-revocable-importer 5 0000:08:00.0',
      `reset-while-mapped 5 ${EDU}`,
      'reset-while-mapped 5 0000:08:00.0',
    ],
  },
]
