import type { ImporterClass } from './read-model.ts'

/** What is known of an importer by its invalidate callback or by the function that attached (KERNEL.md §2.1, Linux 7.3). */
export interface Importer {
  class: ImporterClass
  /** Its callback only stops access; the unmap comes later. */
  deferred: boolean
}

const BY_CALLBACK: ReadonlyMap<string, Importer> = new Map([
  ['amdgpu_dma_buf_move_notify', { class: 'dynamic', deferred: true }],
  ['xe_dma_buf_move_notify', { class: 'dynamic', deferred: true }],
  ['virtgpu_dma_buf_move_notify', { class: 'dynamic', deferred: false }],
  ['mlx5_ib_dmabuf_invalidate_cb', { class: 'dynamic', deferred: false }],
  ['ib_umem_dmabuf_revoke_locked', { class: 'pinned-revocable', deferred: false }],
  ['iopt_revoke_notify', { class: 'private', deferred: false }],
  // ≤ 7.0: a callback that does nothing, deleted in 7.1
  ['ib_umem_dmabuf_unsupported_move_notify', { class: 'pinned', deferred: false }],
])

export function importerByCallback(callback: string): Importer | null {
  return BY_CALLBACK.get(callback) ?? null
}

/** Functions that attach with one ops table only, with its callback. */
const BY_CALLER: ReadonlyMap<string, string> = new Map([
  ['virtgpu_gem_prime_import', 'virtgpu_dma_buf_move_notify'],
  ['amdgpu_gem_prime_import', 'amdgpu_dma_buf_move_notify'],
  ['xe_gem_prime_import', 'xe_dma_buf_move_notify'],
  ['iopt_alloc_dmabuf_pages', 'iopt_revoke_notify'],
])

export function callbackByCaller(caller: string | null): string | null {
  return caller === null ? null : (BY_CALLER.get(caller) ?? null)
}
