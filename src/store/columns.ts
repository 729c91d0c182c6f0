// Rows as columns: arrays of text in the binary form of array_recv (PostgreSQL manual, chapter 54), which the
// server copies where JSON and array texts are parsed, unescaped and parsed again.

const oid = { text: 25 }
/** Dimensions, whether there are nulls, type, length, lower bound. */
const headBytes = 20
/** UTF-8 needs no more for one unit of UTF-16. */
const maxBytesPerUnit = 3

export type Cell = string | null | undefined

/** A column of texts; undefined is NULL, too. Declare it as text[], and cast what is something else. */
export function textColumn(cells: readonly Cell[]): Buffer {
  let size = headBytes + 4 * cells.length
  for (const cell of cells) size += (cell?.length ?? 0) * maxBytesPerUnit
  const out = Buffer.allocUnsafe(size)
  let at = writeHead(out, oid.text, cells.length)
  for (const cell of cells) {
    const length = typeof cell === 'string' ? out.write(cell, at + 4) : -1
    out.writeInt32BE(length, at)
    at += 4 + Math.max(length, 0)
  }
  return out.subarray(0, at)
}

/** How many rows a column has. */
export const rowsOf = (column: Buffer): number => (column.byteLength < headBytes ? 0 : column.readInt32BE(12))

function writeHead(out: Buffer, type: number, length: number): number {
  out.writeInt32BE(1, 0)
  out.writeInt32BE(1, 4)
  out.writeInt32BE(type, 8)
  out.writeInt32BE(length, 12)
  out.writeInt32BE(1, 16)
  return headBytes
}

/** Columns of rows, each as a parameter of its own. */
export const columnsOf = <Row>(list: readonly Row[], ...cells: readonly ((row: Row) => Cell)[]): Buffer[] =>
  cells.map((cell) => textColumn(list.map(cell)))
