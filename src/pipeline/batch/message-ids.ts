// Names of messages, taken from their sequence by the block: one round trip for many batches.
import type { Database } from '../../store/db.ts'
import { takeMessageIds } from '../../store/messages.ts'

/**
 * A block is committed before any of it is used: a server that crashes gives out again what an open transaction took
 * from a sequence, and two messages would have one name.
 */
export class MessageIds {
  readonly #db: Database
  readonly #size = 1_000
  #free: string[] = []

  constructor(db: Database) {
    this.#db = db
  }

  async take(count: number): Promise<readonly string[]> {
    if (this.#free.length < count) {
      const size = Math.max(this.#size, count)
      this.#free.push(...(await this.#db.transaction((tx) => takeMessageIds(tx, size))))
    }
    return this.#free.splice(0, count)
  }
}
