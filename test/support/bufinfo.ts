/** Prints snapshots as `dma_buf_debug_show()` and `dma_buf_show_fdinfo()` of Linux 7.3 do. */
import type { Input } from './fold-inputs.ts'

export interface ListedBuffer {
  ino: number
  exporter?: string
  size?: number
  /** Names of attached devices, one for each attachment. */
  devices?: string[]
  /** As printed behind the usage: `write fence:37:12 timeline driver unsignalled`. */
  fences?: string[]
}

/** The whole list; `total` false where it was cut before its end. */
export function bufinfo(buffers: ListedBuffer[], { total = true } = {}): Input {
  const bytes = buffers.reduce((sum, { size = 16384 }) => sum + size, 0)
  const lines = ['', 'Dma-buf Objects:', 'size    \tflags   \tmode    \tcount   \texp_name\tino     \tname    ']
  for (const buffer of buffers) lines.push(...bufferLines(buffer))
  if (total) lines.push('', `Total ${buffers.length} objects, ${bytes} bytes`)
  return { format: 'bufinfo', text: `${lines.join('\n')}\n` }
}

function bufferLines({ ino, exporter = 'vfio_pci_core', size = 16384, devices = [], fences = [] }: ListedBuffer) {
  const pad = (value: number) => String(value).padStart(8, '0')
  return [
    `${pad(size)}\t02000002\t00080007\t${pad(2)}\t${exporter}\t${pad(ino)}\t<none>`,
    ...fences.map((fence) => `\t${fence}`),
    '\tAttached Devices:',
    ...devices.map((device) => `\t${device}`),
    `Total ${devices.length} devices attached`,
    '',
  ]
}

/** One open file that is a dma-buf, as a loop over `/proc` prints it. */
export function fdinfo({ pid = 734, fd = 7, ino = 1, exporter = 'vfio_pci_core', size = 16384 } = {}): Input {
  const fields = ['pos:\t0', 'flags:\t02000002', 'mnt_id:\t16', `ino:\t${ino}`, `size:\t${size}`, 'count:\t2']
  return {
    format: 'fdinfo',
    text: [`== /proc/${pid}/fdinfo/${fd}`, ...fields, `exp_name:\t${exporter}`, ''].join('\n'),
  }
}
