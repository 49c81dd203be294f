import { type Attachment, findAttachments, findRefusals, type Refusal } from './attachments.ts'
import { type Buffer, findBuffers } from './buffers.ts'
import { findMappings, type Mapping } from './mappings.ts'
import { mayMiss, readTrace, type Trace, type TraceEvent } from './read-trace.ts'
import { findResets, type Reset } from './resets.ts'
import { type Cleanup, findCleanups, findInvalidates, findMoves, type Invalidate, type Move } from './revocations.ts'

export interface OracleFinding {
  rule: string
  ino: string | null
  importer: string | null
  severity: 'critical' | 'error' | 'warning' | 'info'
  verdict: 'violated' | 'undetermined'
  /** Nanoseconds of the capture's own clock. */
  at: bigint
  why: string
}

/** Everything the rules look at, found once. */
export interface World {
  trace: Trace
  /** The rank after the last event. */
  end: number
  buffers: Buffer[]
  attachments: Attachment[]
  refusals: Refusal[]
  mappings: Mapping[]
  moves: Move[]
  cleanups: Cleanup[]
  invalidates: Invalidate[]
  resets: Reset[]
}

export function observe(text: string): World {
  const trace = readTrace(text)
  const buffers = findBuffers(trace)
  const attachments = findAttachments(trace)
  const moves = findMoves(trace)
  return {
    trace,
    end: trace.events.length,
    buffers,
    attachments,
    refusals: findRefusals(trace),
    mappings: findMappings(trace, attachments),
    moves,
    cleanups: findCleanups(trace),
    invalidates: findInvalidates(trace, moves, buffers),
    resets: findResets(trace),
  }
}

export const bufferOf = (world: World, ino: string | null) => world.buffers.find((b) => b.ino === ino) ?? null

/** Violated where the events prove it, undetermined where anything it rests on may be missing from the trace. */
export function verdict(world: World, certain: boolean, ...stretches: [number, number][]): OracleFinding['verdict'] {
  return certain && !stretches.some(([from, to]) => mayMiss(world.trace, from, to)) ? 'violated' : 'undetermined'
}

export function finding(
  rule: string,
  severity: OracleFinding['severity'],
  verdict: OracleFinding['verdict'],
  of: { ino: string | null; importer?: string | null; event: TraceEvent },
  why: string,
): OracleFinding {
  return { rule, ino: of.ino, importer: of.importer ?? null, severity, verdict, at: of.event.at, why }
}

/** `44.265431`, as the trace prints it. */
export function clock(event: TraceEvent): string {
  return `${event.at / 1_000_000_000n}.${String((event.at % 1_000_000_000n) / 1000n).padStart(6, '0')}`
}

export const millis = (from: TraceEvent, to: TraceEvent) => Number(to.at - from.at) / 1e6
