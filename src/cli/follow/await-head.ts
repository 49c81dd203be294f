/** The first bytes of an input that may not have any yet. */
import { type DetectedLayout, hasEventLines } from '../../../ingest/detect-layout.ts'
import { type FollowOptions, follow } from '../../../ingest/follow/follow.ts'
import type { FollowEnd, Tap } from '../../../ingest/follow/tap.ts'
import type { Format as Layout } from '../../../ingest/layout.ts'
import { FLUSH } from '../../../ingest/read-batches.ts'
import type { Refusal } from '../../../ingest/refusal.ts'
import { HEAD_BYTES } from '../../log/content.ts'
import { chooseLayout, FINAL } from '../open-trace.ts'

export interface Head {
  /** All that was taken from the tap; may be more than `HEAD_BYTES`. */
  bytes: Buffer
  layout: DetectedLayout | Refusal
  /** Set where the input ended before its layout showed. */
  end: FollowEnd | null
}

/** So much text without a line of a trace is no trace; less may be the end of a line that was begun before. */
const FOREIGN_BYTES = 4096

/** Waits until a line tells the layout, or until it is certain that none will. */
export async function awaitHead(
  tap: Tap,
  given: Layout | undefined,
  { signal, idleMs }: Pick<FollowOptions, 'signal' | 'idleMs'>,
): Promise<Head> {
  let bytes = Buffer.alloc(0)
  let end = null as FollowEnd | null
  const onEnd = (reason: FollowEnd) => {
    end = reason
  }
  for await (const chunk of follow(tap, {
    ...(signal ? { signal } : {}),
    ...(idleMs ? { idleMs } : {}),
    paceMs: 0,
    onEnd,
  })) {
    if (chunk !== FLUSH) bytes = Buffer.concat([bytes, chunk])
    else {
      const layout = decide(bytes, given)
      if (layout) return { bytes, layout, end: null }
    }
  }
  return { bytes, layout: chooseLayout(bytes.subarray(0, HEAD_BYTES), given), end }
}

/** Null where more is needed. */
function decide(bytes: Buffer, given: Layout | undefined): DetectedLayout | Refusal | null {
  const whole = bytes.subarray(0, Math.min(HEAD_BYTES, bytes.lastIndexOf('\n') + 1))
  const layout = chooseLayout(whole.length > 0 ? whole : bytes.subarray(0, HEAD_BYTES), given)
  if (bytes.length >= HEAD_BYTES) return layout
  if (layout.kind === 'layout') return hasEventLines(whole) ? layout : null
  if (FINAL.includes(layout.code)) return layout.code === 'empty' ? null : layout
  return bytes.length >= FOREIGN_BYTES ? layout : null
}
