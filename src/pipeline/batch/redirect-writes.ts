// Versions that a merge makes of things which it has not loaded: all with the same reference are one set of statements.
import type { Change, Redirect } from '../../canonical/truth/change.ts'
import type { Transaction } from '../../store/db.ts'
import { type RedirectWrite, writeRedirects } from '../../store/dependents.ts'

interface Group {
  readonly redirect: Redirect
  readonly by: { readonly messageId: string; readonly at: string }
  readonly list: RedirectWrite[]
}

export class RedirectWrites {
  readonly #groups = new Map<string, Group>()

  get count(): number {
    let count = 0
    for (const { list } of this.#groups.values()) count += list.length
    return count
  }

  take({ rtype, id, version }: Change, redirect: Redirect, messageId: string, at: Date): void {
    const key = `${messageId} ${redirect.from} ${redirect.to}`
    const known = this.#groups.get(key)
    const group = known ?? { redirect, by: { messageId, at: at.toISOString() }, list: [] }
    if (!known) this.#groups.set(key, group)
    group.list.push({ rtype, id, version, params: redirect.params })
  }

  async flush(tx: Transaction, tenant: number, firstSeq: number): Promise<void> {
    let from = firstSeq
    for (const { redirect, by, list } of this.#groups.values()) {
      await writeRedirects(tx, tenant, from, redirect, by, list)
      from += list.length
    }
  }
}
