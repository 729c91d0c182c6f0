// Numbers of changes, in the order of commits: whoever has seen number n has seen all before it.
import type { Queryable } from './db.ts'
import { lockThings } from './truth.ts'
import { VersionConflict } from './versions.ts'

/** The row stays locked until the transaction ends. */
export const takeNumbersSql = `
insert into counter as c (tenant, name, n) values ($1, $2, $3)
on conflict (tenant, name) do update set n = c.n + excluded.n
returning n`

/** Reserves `count` numbers; returns the first. */
export async function takeNumbers(
  tx: Queryable,
  tenant: number,
  name: string,
  count: number,
): Promise<number> {
  const [row] = await tx.query<{ n: number | string }>('take_numbers', takeNumbersSql, [tenant, name, count])
  return Number(row?.n ?? count) - count + 1
}

export interface Ahead {
  readonly first: number
  readonly last: number
}

/** Far more than others take while one transaction writes what it has numbered ahead. */
const distance = 1_000_000

export const readNumberSql = 'select n from counter where tenant = $1 and name = $2'

/**
 * Numbers for so many versions that everybody would wait for too long if they were taken last. They lie above those that
 * others take until the commit, and the counter goes on behind them. One transaction at a time.
 */
export async function numbersAhead(
  tx: Queryable,
  tenant: number,
  name: string,
  count: number,
): Promise<Ahead> {
  await lockThings(tx, tenant, [`numbers ${name}`])
  const [row] = await tx.query<{ n: number | string }>('read_number', readNumberSql, [tenant, name])
  const first = Number(row?.n ?? 0) + distance
  return { first, last: first + count - 1 }
}

export const raiseNumbersSql = `
insert into counter as c (tenant, name, n) values ($1, $2, $4)
on conflict (tenant, name) do update set n = excluded.n where c.n < $3`

/** From here to the commit the counter's row is locked. */
export async function raiseNumbers(
  tx: Queryable,
  tenant: number,
  name: string,
  { first, last }: Ahead,
): Promise<void> {
  const raised = await tx.execute('raise_numbers', raiseNumbersSql, [tenant, name, first, last])
  if (raised !== 1) throw new VersionConflict()
}
