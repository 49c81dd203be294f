/**
 * Writes a trace as something that is being recorded does: `node trace-writer.ts <file> <lines a second> <seconds>`. A
 * real one first, then noise, in pieces that end in the middle of lines.
 */
import { openSync, readFileSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { example } from '../cli/workspace.ts'

const [file, rate, seconds] = process.argv.slice(2) as [string, string, string]
const fd = openSync(file, 'a')
const noise = (i: number) =>
  `            tool-${String(i % 9).padEnd(7)} [00${i % 2}] ..... ${100 + Math.floor(i / 1e5)}.${String(i % 1e5).padStart(5, '0')}0: dma_fence_emit: driver=virtio_gpu timeline= context=${i % 7} seqno=${i}\n`

writeSync(fd, readFileSync(example('sysfs-reset')))
const total = Number(rate) * Number(seconds)
const started = performance.now()
let held = ''
for (let i = 0; i < total; ) {
  const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * Number(rate)))
  for (; i < due; i++) held += noise(i)
  const cut = i < total ? held.length - (i % 60) : held.length
  if (cut > 0) writeSync(fd, held.slice(0, cut))
  held = held.slice(Math.max(0, cut))
  await delay(5)
}
