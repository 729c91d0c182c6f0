// Search rows of parameters that come and go with packages of the site: all rows of a parameter away, then those that the
// resources have now, page by page.

import type { ZoneOffset } from '../fhir/date.ts'
import { readJson } from '../fhir/json.ts'
import type { Database, Transaction } from './db.ts'
import { resourceIndex, type SideRows } from './index-rows.ts'
import { type IndexWrite, writeIndex } from './index-tables.ts'

const tables = ['identifier', 'reference', 'string', 'date', 'number'] as const

/** All rows of some parameters of a type; each primary key begins with tenant, type and parameter, or is found by them. */
const dropSql = Object.fromEntries(
  tables.map((table) => [
    table,
    `delete from ${table} where tenant = $1 and rtype = $2 and param = any($3::text[])`,
  ]),
)

/** Resources of a type in the order of the primary key, held until the page is written. */
const pageSql = `
select id, body::text as body from resource
where tenant = $1 and rtype = $2 and id > $3 and not deleted order by id limit $4 for update`

const tokensSql = `
update resource r set tokens = x.tokens::bigint[]
from unnest($3::text[], $4::text[]) as x (id, tokens)
where r.tenant = $1 and r.rtype = $2 and r.id = x.id`

const pageResources = 500

/** Names that rows of a parameter have: those of references have their identifiers, too. */
const rowNames = (codes: readonly string[]): readonly string[] =>
  codes.flatMap((code) => [code, `${code}:identifier`])

export interface Reindex {
  readonly tenant: number
  readonly rtype: string
  /** Parameters that are new, changed or gone. */
  readonly codes: readonly string[]
  readonly zone: ZoneOffset
}

/** Makes the rows of these parameters anew, as they are compiled now; returns how many resources were looked at. */
export async function reindex(db: Database, options: Reindex): Promise<number> {
  const { tenant, rtype, codes } = options
  const names = rowNames(codes)
  const unlimited = { statementTimeoutMs: 0 }
  await db.transaction(async (tx) => {
    for (const table of tables)
      await tx.execute(`drop_params_${table}`, dropSql[table] ?? '', [tenant, rtype, names])
  }, unlimited)
  let seen = 0
  for (let after: string | undefined = ''; after !== undefined; ) {
    const from: string = after
    const page = await db.transaction((tx) => reindexPage(tx, options, names, from), unlimited)
    seen += page.count
    after = page.last
  }
  return seen
}

async function reindexPage(
  tx: Transaction,
  { tenant, rtype, zone }: Reindex,
  names: readonly string[],
  after: string,
): Promise<{ readonly count: number; readonly last: string | undefined }> {
  const page = await tx.query<{ id: string; body: string }>('reindex_page', pageSql, [
    tenant,
    rtype,
    after,
    pageResources,
  ])
  const wanted = new Set(names)
  const writes = tables.map((table) => ({ table, add: [] as object[], remove: [] }))
  const tokens: string[] = []
  for (const { id, body } of page) {
    const read = readJson(body)
    const index = resourceIndex('value' in read ? read.value : undefined, zone)
    tokens.push(`{${index.tokens.join()}}`)
    for (const { table, add } of writes)
      add.push(...rowsOf(index, table, wanted).map((row) => ({ rtype, id, ...row })))
  }
  if (page.length > 0) {
    await writeIndex(tx, tenant, writes satisfies readonly IndexWrite[])
    const ids = page.map(({ id }) => id)
    await tx.execute('reindex_tokens', tokensSql, [tenant, rtype, ids, tokens])
  }
  return { count: page.length, last: page.length < pageResources ? undefined : page.at(-1)?.id }
}

const rowsOf = (
  index: SideRows,
  table: (typeof tables)[number],
  wanted: ReadonlySet<string>,
): readonly { readonly param: string }[] => index[table].filter(({ param }) => wanted.has(param))
