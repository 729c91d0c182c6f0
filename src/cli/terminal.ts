// Where a verb writes: results on standard output, everything else on standard error.

export interface Terminal {
  /** Whole lines on standard output. */
  out(text: string): void
  /** Whole lines on standard error. */
  note(text: string): void
  /** Replaces the line at the bottom of standard error; '' takes it away. Does nothing where nobody looks. */
  status(text: string): void
  /** Somebody looks at standard error. */
  readonly watched: boolean
  /** Characters in a line of standard output; undefined when it is no terminal. */
  readonly columns: number | undefined
}

const CLEAR_LINE = '\r\x1b[2K'

export function processTerminal(): Terminal {
  const { stdout, stderr } = process
  let shown = ''
  const clear = () => {
    if (shown !== '') stderr.write(CLEAR_LINE)
    shown = ''
  }
  return {
    watched: stderr.isTTY === true,
    columns: stdout.isTTY === true ? stdout.columns : undefined,
    out(text) {
      clear()
      stdout.write(`${text}\n`)
    },
    note(text) {
      clear()
      stderr.write(`${text}\n`)
    },
    status(text) {
      if (stderr.isTTY !== true || text === shown) return
      const line = text.slice(0, Math.max(10, (stderr.columns ?? 80) - 1))
      stderr.write(line === '' ? CLEAR_LINE : `${CLEAR_LINE}${line}`)
      shown = line
    },
  }
}

/** Columns of text under each other; the last one is not padded. Cells are one line each. */
export function table(rows: readonly (readonly string[])[], gap = '  '): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join(gap)
  return rows.map((row) => line(row).trimEnd()).join('\n')
}

/** 1 file, 2 files. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
