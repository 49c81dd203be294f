/**
 * Rows in a piece of text. V8 keeps a joined string as a tree of its parts until it is written: pieces must be small
 * enough that the trees die young (whole batches cost three times as much, all of it garbage collection).
 */
const PIECE_ROWS = 128

/** Joins the texts of rows to pieces of a size that is good to write. */
export function* pieces(rows: number, text: (row: number) => string): Generator<string> {
  for (let from = 0; from < rows; from += PIECE_ROWS) {
    const to = Math.min(rows, from + PIECE_ROWS)
    let piece = ''
    for (let row = from; row < to; row++) piece += text(row)
    yield piece
  }
}
