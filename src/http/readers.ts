import { type LogConnection, openReader } from '../log/connection.ts'

/** Read-only connections to one database, each lent to one answer at a time. */
export interface Readers {
  borrow(): LogConnection
  giveBack(connection: LogConnection): void
  close(): void
}

/** Connections kept open while nobody asks; more are opened when more is asked at once. */
const IDLE = 4

export function createReaders(path: string): Readers {
  const idle: LogConnection[] = []
  let closed = false
  return {
    borrow: () => idle.pop() ?? openReader(path, { busyTimeout: 2_000 }),
    giveBack(connection) {
      if (closed || idle.length >= IDLE) connection.close()
      else idle.push(connection)
    },
    close() {
      closed = true
      for (const connection of idle.splice(0)) connection.close()
    },
  }
}
