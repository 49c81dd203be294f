import { describe, it } from 'vitest'
import { all, event, type Step } from '../../support/printer.ts'
import { finding, given, nothing } from '../../support/story.ts'
import { attached, dmabufOf, exported, IMPORTER, mapped, pinned, refused } from '../../support/trace.ts'

const RULE = 'capability-changed'
const two = given(exported({ exporter: 'system' }), exported({ ino: 2, exporter: 'system' }))
const first = { exporter: 'system' }
const second = { ino: 2, attach: 2, exporter: 'system' }

/** An attach as a probe shows it that has the caller, on a kernel where `dma_buf_attach()` is a jump. */
const imported = (
  caller: string,
  ops: { inv?: string; table?: string },
  { ino = 1, attach = 1, device = IMPORTER } = {},
): Step =>
  all(
    event(
      'dbuf_attached',
      `(__probestub_dma_buf_dynamic_attach+0x4/0x10) ino=${ino} dmabuf=${dmabufOf({ ino })} attach=0xffff88812000${attach}000 dev="${device}" p2p=1 ops=${ops.table ?? '0x0'} inv=${ops.inv ?? '0x0'}`,
    ),
    event(
      'dbuf_attach_ret',
      `(${caller} <- dma_buf_dynamic_attach) ino=${ino} exp="system" dmabuf=${dmabufOf({ ino })} dev="${device}" ops=${ops.table ?? '0x0'} ret=0xffff88812000${attach}000`,
    ),
  )
const virtgpu = { table: '0xffffffffc0200000', inv: 'virtgpu_dma_buf_move_notify+0x0/0x60 [virtio_gpu]' }
const own = imported('virtgpu_gem_prime_import+0xee/0x350 [virtio_gpu]', virtgpu)
const generic = imported('drm_gem_prime_import_dev+0x5a/0x120 [drm]', {}, { ino: 2, attach: 2 })

describe(RULE, () => {
  it('is doubtful where the wrapper returns into its caller unseen: that may have been another driver', async () => {
    const wrapped = imported('dma_buf_attach+0x17/0x20', {}, { ino: 2, attach: 2 })
    await two.when(own, wrapped).judge(finding(RULE, { missing: /no event names the function that attached/ }))
  })

  it('is a DRM driver that imports once by itself and once as generic DRM does', async () => {
    await two.when(own, generic).judge(
      finding(RULE, {
        severity: 'info',
        importer: IMPORTER,
        evidence: ['dbuf_attached', 'dbuf_attached'],
        summary: /accepted as legacy by buffer 2 .*, and before as dynamic by buffer 1/,
      }),
    )
  })

  it('is one module with two ops tables', async () => {
    await two
      .when(attached('pinned', first), attached('unheard', second))
      .judge(finding(RULE, { summary: /as dynamic .* as pinned/ }))
  })

  it('is one finding for each direction, however often it changes', async () => {
    const again = [attached('legacy', { ...second, attach: 3 }), attached('unheard', { ...second, attach: 4 })]
    await two.when(attached('legacy', first), attached('unheard', second), ...again).judge(finding(RULE, { times: 2 }))
  })

  it('is nothing for the same class', async () => {
    await two.when(attached('unheard', first), attached('unheard', second)).judge(nothing(RULE))
  })

  it('is nothing for two devices', async () => {
    await two
      .when(attached('legacy', first), attached('unheard', { ...second, importer: '0000:09:00.0' }))
      .judge(nothing(RULE))
  })

  it('is no pin: it makes no other importer', async () => {
    await two
      .when(attached('unheard', first), pinned(), mapped(first), attached('unheard', second))
      .judge(nothing(RULE))
  })

  it('is no memory region beside a queue of one RDMA device', async () => {
    const caller = 'ib_umem_dmabuf_get_with_dma_device+0xee/0x1f0 [ib_uverbs]'
    const region = { table: '0xffffffffc0b788a0', inv: 'mlx5_ib_dmabuf_invalidate_cb+0x0/0x50 [mlx5_ib]' }
    const queue = { table: '0xffffffffc0d788a0' }
    await two.when(imported(caller, region), imported(caller, queue, { ino: 2, attach: 2 })).judge(nothing(RULE))
  })

  it('is nothing for two modules that drive one device', async () => {
    const mine = imported('mine_import+0x1/0x2 [mine]', {}, { ino: 2, attach: 2 })
    await two.when(imported('yours_import+0x1/0x2 [yours]', virtgpuOf('yours')), mine).judge(nothing(RULE))
  })

  it('is nothing where the class is only a guess', async () => {
    const guessed = event(
      'mine',
      `(drm_gem_prime_import_dev+0x5a/0x120 [drm] <- dma_buf_dynamic_attach) ino=2 dev="${IMPORTER}" ret=0xffff888120002000`,
    )
    await two.when(own, guessed).judge(nothing(RULE))
  })

  it('is nothing where one of the two was refused', async () => {
    await two.when(attached('unheard', first), refused('legacy', 95, second)).judge(nothing(RULE))
  })

  it('is undetermined where nothing says who attached', async () => {
    await two
      .when(attached('legacy', first), attached('unheard', second))
      .without('dbuf_attach_ret')
      .judge(finding(RULE, { missing: /no event names the function that attached/ }))
  })
})

function virtgpuOf(module: string) {
  return { table: '0xffffffffc0500000', inv: `${module}_cb+0x0/0x10 [${module}]` }
}

describe('who attached', () => {
  const mine = (inv: string) => ({ table: '0xffffffffc0500000', inv })

  it('is one driver by its module, through whatever function of it', async () => {
    const again = imported('mine_legacy_import+0x1/0x2 [mine]', {}, { ino: 2, attach: 2 })
    await two
      .when(imported('mine_import+0x1/0x2 [mine]', mine('mine_cb+0x0/0x10 [mine]')), again)
      .judge(finding(RULE, { evidence: ['dbuf_attached', 'dbuf_attached'], importer: IMPORTER }))
  })

  it('makes one doubtful finding for each direction where nothing names it', async () => {
    const again = [attached('legacy', { ...second, attach: 3 }), attached('unheard', { ...second, attach: 4 })]
    await two
      .when(attached('legacy', first), attached('unheard', second), ...again)
      .without('dbuf_attach_ret')
      .judge(finding(RULE, { missing: /no event names the function that attached/, times: 2 }))
  })
})
