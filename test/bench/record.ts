// Keeps what a gateway writes: each committed transaction's writing statements with their values, in a file.
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Database, Transaction } from '../../src/store/db.ts'

/** name, text, values. The text is there the first time only. */
export type RecordedStatement = readonly [name: string, text: string | null, values: readonly unknown[]]

/** Columns are octets; in the file they are base64. */
const packed = (value: unknown): unknown =>
  Buffer.isBuffer(value) ? { base64: value.toString('base64') } : value
export const unpacked = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'base64' in value && typeof value.base64 === 'string'
    ? Buffer.from(value.base64, 'base64')
    : value

/** One line of the file: a committed transaction, or the place where the measured part begins. */
export type RecordedLine = { readonly tx: readonly RecordedStatement[] } | { readonly mark: string }

const writing = /^\s*(insert|update|delete|with\b[\s\S]*\b(insert into|update|delete from))/i
const flushBytes = 4 * 1_048_576

export class Recorder {
  readonly #file: number
  readonly #known = new Set<string>()
  #lines: string[] = []
  #bytes = 0

  constructor(path: string) {
    this.#file = openSync(path, 'w')
  }

  mark(mark: string): void {
    this.#write({ mark })
  }

  transaction(statements: readonly (readonly [string, string, readonly unknown[]])[]): void {
    if (statements.length === 0) return
    this.#write({
      tx: statements.map(([name, text, values]) => {
        const known = this.#known.has(name)
        this.#known.add(name)
        return [name, known ? null : text, values.map(packed)] as const
      }),
    })
  }

  #write(line: RecordedLine): void {
    const text = `${JSON.stringify(line)}\n`
    this.#lines.push(text)
    this.#bytes += text.length
    if (this.#bytes > flushBytes) this.#flush()
  }

  #flush(): void {
    writeSync(this.#file, this.#lines.join(''))
    this.#lines = []
    this.#bytes = 0
  }

  close(): void {
    this.#flush()
    closeSync(this.#file)
  }
}

/** The same database; what is committed through it is recorded. */
export function recording(db: Database, recorder: Recorder): Database {
  return {
    ...db,
    transaction: async (work, options) => {
      let statements: [string, string, readonly unknown[]][] = []
      const result = await db.transaction((tx) => {
        statements = []
        const keep = (name: string, text: string, values: readonly unknown[] = []) => {
          if (writing.test(text)) statements.push([name, text, values])
        }
        const kept: Transaction = {
          ...tx,
          query: (name, text, values) => {
            keep(name, text, values)
            return tx.query(name, text, values)
          },
          execute: (name, text, values) => {
            keep(name, text, values)
            return tx.execute(name, text, values)
          },
        }
        return work(kept)
      }, options)
      if (!options?.rollback) recorder.transaction(statements)
      return result
    },
  }
}
