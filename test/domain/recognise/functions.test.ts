/** The probed functions, restated from their prototypes: what each means, takes and returns (Linux 6.1 to 7.3). */
import { describe, expect, it } from 'vitest'
import { FUNCTIONS, RECIPE_NAMES } from '../../../src/domain/recognise/functions.ts'
import { recognised } from '../../support/recognised.ts'

/** Function, type of act, parameters that mean something, what it returns. */
const PROTOTYPES = `
dma_buf_export                          export             -                        dmabuf
dma_buf_fd                              fd                 dmabuf                   fd
dma_buf_get                             get                fd                       dmabuf
dma_buf_put                             put                dmabuf                   -
dma_buf_dynamic_attach                  attach             dmabuf,devicePtr,ops     attach
dma_buf_attach                          attach             dmabuf,devicePtr         attach
dma_buf_detach                          detach             dmabuf,attach            -
dma_buf_pin                             pin                attach                   ret
dma_buf_unpin                           unpin              attach                   -
dma_buf_map_attachment                  map                attach,direction         sgt
dma_buf_map_attachment_unlocked         map                attach,direction         sgt
dma_buf_unmap_attachment                unmap              attach,sgt,direction     -
dma_buf_unmap_attachment_unlocked       unmap              attach,sgt,direction     -
dma_buf_invalidate_mappings             invalidate         dmabuf                   -
dma_buf_move_notify                     invalidate         dmabuf                   -
dma_buf_attach_revocable                revocable-test     attach                   ret
dma_buf_file_release                    release            -                        -
dma_buf_release                         release            -                        -
dma_buf_mmap                            cpu-map            dmabuf                   ret
dma_buf_mmap_internal                   cpu-map            -                        ret
dma_buf_vmap                            cpu-map            dmabuf                   ret
dma_buf_vunmap                          cpu-map            dmabuf                   -
dma_buf_begin_cpu_access                cpu-access         dmabuf,direction         ret
dma_buf_end_cpu_access                  cpu-access         dmabuf,direction         ret
dma_resv_wait_timeout                   reservation-wait   resv,usage               ret
dma_resv_add_fence                      reservation-add    resv                     -
dma_resv_add_shared_fence               reservation-add    resv                     -
dma_resv_add_excl_fence                 reservation-add    resv                     -
vfio_pci_dma_buf_move                   device-move        vdev,revoked             -
vfio_pci_dma_buf_cleanup                device-cleanup     vdev                     -
vfio_pci_core_close_device              device-close       vdev                     -
vfio_pci_core_feature_dma_buf           device-export      vdev                     ret
vfio_pci_dma_buf_map                    map                attach,direction         sgt
vfio_pci_dma_buf_unmap                  unmap              attach,sgt               -
vfio_pci_dma_buf_release                release            dmabuf                   -
vfio_pci_zap_and_down_write_memory_lock zap                vdev                     -
vfio_pci_mmap_huge_fault                cpu-fault          -                        ret
vfio_pci_mmap_page_fault                cpu-fault          -                        ret
vfio_pci_mmap_fault                     cpu-fault          -                        ret
pci_try_reset_function                  reset              devicePtr                ret
pci_reset_function                      reset              devicePtr                ret
pci_reset_function_locked               reset              devicePtr                ret
__pci_reset_function_locked             reset              devicePtr                ret
pci_reset_bus                           reset              devicePtr                ret
__pci_reset_bus                         reset              -                        ret
pci_bridge_secondary_bus_reset          reset              devicePtr                ret
pcie_flr                                reset              devicePtr                ret
pcie_reset_flr                          reset              devicePtr                ret
pci_af_flr                              reset              devicePtr                ret
pci_pm_reset                            reset              devicePtr                ret
pci_dev_save_and_disable                reset              devicePtr                -
pci_dev_restore                         reset              devicePtr                -
pci_set_power_state                     power              devicePtr,state          ret
iopt_revoke_notify                      importer-callback  attach                   -
vfio_pci_dma_buf_iommufd_map            revocable-test     attach                   ret
virtgpu_dma_buf_move_notify             importer-callback  attach                   -
amdgpu_dma_buf_move_notify              importer-callback  attach                   -
xe_dma_buf_move_notify                  importer-callback  attach                   -
mlx5_ib_dmabuf_invalidate_cb            importer-callback  attach                   -
ib_umem_dmabuf_revoke_locked            importer-callback  attach                   -
ib_umem_dmabuf_unsupported_move_notify  importer-callback  attach                   -
`
  .trim()
  .split('\n')
  .map((line) => {
    const [fn, type, parameters, returns] = line.split(/ +/) as [string, string, string, string]
    const args = parameters === '-' ? [] : parameters.split(',')
    return { fn, type, args, returns: returns === '-' ? null : returns }
  })

const VALUES: Record<string, string> = { fd: '7', direction: '1', usage: '3', revoked: '1', state: '3', ret: '-19' }
/** A pointer to the n-th thing, or the number that such a parameter is. */
const printed = (slot: string, n: number) => VALUES[slot] ?? `0xffff88811000000${n}`

describe('functions', () => {
  it('are those', () => {
    expect([...FUNCTIONS.keys()].sort()).toEqual(PROTOTYPES.map(({ fn }) => fn).sort())
  })

  it.each(PROTOTYPES)('$fn is $type, entered with $args', ({ fn, type, args }) => {
    const values = args.map((slot, i) => [slot, printed(slot, i + 1)] as const)
    const text = values.map(([, value], i) => ` arg${i + 1}=${value}`).join('')
    const read = recognised('mine', `(${fn}+0x4/0x50)${text}`)
    const plain = values.map(([slot, value]) => [slot, slot === 'direction' ? expect.any(String) : value])
    expect(read).toEqual({ type, point: 'entry', fn, fresh: true, ...Object.fromEntries(plain) })
    expect(recognised('mine', `(${fn}+0x4/0x50) arg${args.length + 1}=0xffff888110000009`)).toEqual({
      ...{ type, point: 'entry', fn, fresh: true },
    })
  })

  it.each(PROTOTYPES)('$fn returns $returns', ({ fn, type, returns }) => {
    const value = returns === null ? '5' : printed(returns, 1)
    const read = recognised('mine', `(a+0x1/0x2 <- ${fn}) arg1=${value}`)
    const known = { type, point: 'return', fn, caller: 'a', fresh: true }
    if (returns === null) expect(read).toMatchObject(known)
    else expect(read).toEqual({ ...known, [returns]: value })
  })
})

/** Probes of the recipe, by what they sit on (KERNEL.md §4.2). */
const RECIPE = `
dbuf_attached      event  dma_buf_dynamic_attach
dbuf_attach_ret    return dma_buf_dynamic_attach
dbuf_detach        entry  dma_buf_detach
dbuf_map           return dma_buf_map_attachment
dbuf_unmap         entry  dma_buf_unmap_attachment
dbuf_unmap_ret     return dma_buf_unmap_attachment
dbuf_pin           return dma_buf_pin
dbuf_unpin         entry  dma_buf_unpin
dbuf_inval         entry  dma_buf_invalidate_mappings
dbuf_inval_ret     return dma_buf_invalidate_mappings
dbuf_export        return dma_buf_export
dbuf_release       entry  dma_buf_file_release
dbuf_final         entry  dma_buf_release
dbuf_resv_wait     entry  dma_resv_wait_timeout
dbuf_resv_wait_ret return dma_resv_wait_timeout
dbuf_resv_add      entry  dma_resv_add_fence
vfiodb_move        entry  vfio_pci_dma_buf_move
vfiodb_move_ret    return vfio_pci_dma_buf_move
vfiodb_cleanup     entry  vfio_pci_dma_buf_cleanup
vfiodb_cleanup_ret return vfio_pci_dma_buf_cleanup
vfiodb_feature     return vfio_pci_core_feature_dma_buf
pcirst_try         entry  pci_try_reset_function
pcirst_try_ret     return pci_try_reset_function
pcirst_fn          entry  pci_reset_function
pcirst_fn_ret      return pci_reset_function
pcirst_flr         entry  pcie_flr
pcirst_flr_ret     return pcie_flr
pcirst_bus         entry  pci_reset_bus
pcirst_bus_ret     return pci_reset_bus
pcirst_disable     entry  pci_dev_save_and_disable
pcirst_restore     entry  pci_dev_restore
`
  .trim()
  .split('\n')
  .map((line) => line.split(/ +/) as [string, string, string])

describe('names of the recipe, on functions nobody knows', () => {
  it.each(RECIPE)('%s is the %s of %s', (name, point, fn) => {
    const type = PROTOTYPES.find((one) => one.fn === fn)?.type
    expect(recognised(name, '(my_own+0x4/0x50 [mine])')).toEqual({
      ...{ type, point, fn, module: 'mine', recipe: true, fresh: true },
    })
  })

  it('are those', () => {
    expect([...RECIPE_NAMES.keys()].sort()).toEqual(RECIPE.map(([name]) => name).sort())
  })
})
