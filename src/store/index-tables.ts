// Writing the search tables: rows to add and to take away, one statement for each table.

import { textColumn } from './columns.ts'
import type { Queryable } from './db.ts'
import { pipelined } from './transaction.ts'

/** Search rows to add and to take away, by table; columns as in the schema. */
export interface IndexWrite {
  readonly table: 'identifier' | 'reference' | 'string' | 'date' | 'number'
  readonly add: readonly object[]
  readonly remove: readonly object[]
}

const indexColumns = {
  identifier: 'rtype text, param text, value text, system text, id text',
  reference: 'target text, rtype text, param text, id text',
  string: 'rtype text, param text, norm text, id text',
  date: 'rtype text, param text, low timestamptz, high timestamptz, id text',
  number: 'rtype text, param text, low numeric, high numeric, unit text, id text',
} as const

const columnsOfTable = (columns: string): { readonly name: string; readonly type: string }[] =>
  columns.split(', ').map((each) => {
    const [name = '', type = ''] = each.split(' ')
    return { name, type }
  })

/** `unnest` of text arrays, and each column in its own type. */
function sourceOf(columns: string): {
  readonly names: string[]
  readonly from: string
  readonly cast: string[]
} {
  const list = columnsOfTable(columns)
  const names = list.map(({ name }) => name)
  const places = names.map((_, i) => `$${i + 2}::text[]`)
  return {
    names,
    from: `unnest(${places.join(', ')}) as x (${names.join(', ')})`,
    cast: list.map(({ name, type }) => (type === 'text' ? `x.${name}` : `x.${name}::${type}`)),
  }
}

const indexSql = Object.entries(indexColumns).map(([table, columns]) => {
  const { names, from, cast } = sourceOf(columns)
  const tests = names.map((name, i) => `t.${name} = ${cast[i]}`)
  return {
    table,
    names,
    add: `insert into ${table} (tenant, ${names.join(', ')}) select $1, ${cast.join(', ')} from ${from} on conflict do nothing`,
    remove: `delete from ${table} t using ${from} where t.tenant = $1 and ${tests.join(' and ')}`,
  }
})

/** Removes before it adds, so that a value that moved from one thing to another is found where it is now. */
export async function writeIndex(
  tx: Queryable,
  tenant: number,
  writes: readonly IndexWrite[],
): Promise<void> {
  const run = (kind: 'add' | 'remove') =>
    indexSql.map(({ table, names, [kind]: sql }) => {
      const list = writes.flatMap((each) => (each.table === table ? each[kind] : [])) as Readonly<
        Record<string, string>
      >[]
      if (list.length === 0) return undefined
      const columns = names.map((name) => textColumn(list.map((row) => row[name])))
      return tx.execute(`${kind}_${table}`, sql, [tenant, ...columns])
    })
  await pipelined([...run('remove'), ...run('add')])
}
