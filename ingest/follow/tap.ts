/** Why an input that was followed is at its end. */
export type FollowEnd =
  /** All who wrote into the pipe have closed it. */
  | 'closed'
  /** The file has another name now, and another file has its name. */
  | 'rotated'
  /** Nothing has the file's name any more. */
  | 'removed'
  /** The file is shorter than what was read of it, or its bytes are others. */
  | 'truncated'
  /** Nothing came for as long as was waited for. */
  | 'idle'
  | 'interrupted'

/** An input that grows, and can be asked without being waited for. */
export interface Tap {
  /** The next bytes, null where there are none now, or the end: then at each later call too. The memory is used again. */
  next(): Promise<Buffer | FollowEnd | null>
  /** Settles when there may be more, when the signal aborts, or after `ms`. */
  wake(ms: number, signal?: AbortSignal): Promise<void>
  /** Bytes that were taken from the input and not given out yet. */
  rest(): Buffer | null
  close(): Promise<void>
}

/** Settles after `ms`, when the signal aborts, or when what `subscribe` was given is called. */
export async function sleep(
  ms: number,
  signal: AbortSignal | undefined,
  subscribe?: (wake: () => void) => void,
): Promise<void> {
  if (signal?.aborted) return
  let timer: NodeJS.Timeout | undefined
  let wake = () => {}
  await new Promise<void>((resolve) => {
    wake = resolve
    timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', wake, { once: true })
    subscribe?.(resolve)
  })
  clearTimeout(timer)
  signal?.removeEventListener('abort', wake)
}
