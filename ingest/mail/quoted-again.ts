/** Lines of the latest time, each with the quote depth that it was read at. Plain JSON. */
export interface AtOnce {
  /** High and low half, as the line's head has them. */
  time: [high: number, low: number]
  lines: [depth: number, text: string][]
}

/**
 * Adds an event's line, and says whether it is one that another depth has told: an answer quotes a line and the line
 * itself stands beside it. Quotes of earlier lines make the times run backwards, and need no telling.
 */
export function isQuotedAgain(atOnce: AtOnce, time: AtOnce['time'], depth: number, text: string): boolean {
  if (atOnce.time[0] !== time[0] || atOnce.time[1] !== time[1]) {
    atOnce.time = time
    atOnce.lines.length = 0
  }
  const counts = new Map<number, number>([[depth, 0]])
  for (const [where, line] of atOnce.lines) if (line === text) counts.set(where, (counts.get(where) ?? 0) + 1)
  const own = counts.get(depth)!
  atOnce.lines.push([depth, text])
  return own < Math.max(...counts.values())
}
