import { report } from '../findings.ts'
import type { RuleModule } from './rule.ts'

/**
 * R19. The kernel warned or oopsed about buffers, devices or mappings. One finding from "cut here" to "end trace",
 * however many lines.
 *
 * Traps: a splat that names none of these, and came from no dma-buf call, is somebody else's; its list of loaded
 * modules names everybody; fault lines are no splat.
 */
export const kernelSplat: RuleModule = {
  rule: 'kernel-splat',
  on: {
    splat({ splat }, world) {
      if (!splat.relevant) return
      report(world, {
        rule: 'kernel-splat',
        severity: 'error',
        at: splat.began,
        buffer: splat.buffer,
        comm: splat.comm,
        pid: splat.pid,
        evidence: splat.lines,
        summary: `the kernel said: ${splat.headline ?? '(nothing)'}`,
      })
    },
  },
}
