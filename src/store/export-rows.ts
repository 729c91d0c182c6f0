// What a bulk export shows, read through a cursor of one snapshot: resources of types, of patients' compartments, what
// those refer to, and what was deleted.
import type { Filter } from '../fhir/filter.ts'
import { Binds } from './binds.ts'
import type { Transaction } from './db.ts'
import type { Statement } from './search-sql.ts'
import { conditions } from './search-sql.ts'

export interface ExportRow {
  readonly rtype: string
  readonly id: string
  readonly version: number
  readonly updatedAt: string
  /** Null for a body that is too large to be fetched together with others. */
  readonly body: string | null
}

/** Whose compartments: of all patients, or of these ids. */
export type Patients = 'all' | readonly string[]

/** Type -> parameters by which a resource belongs to a patient. */
export type Compartment = Readonly<Record<string, readonly string[]>>

/** Which resources: of types as they are, of compartments, or what resources of compartments refer to. */
export type Selection =
  | { readonly of: 'types'; readonly rtypes: readonly string[]; readonly filter?: Filter }
  | {
      readonly of: 'compartments' | 'referenced'
      readonly rtype: string
      readonly patients: Patients
      readonly compartment: Compartment
      readonly filter?: Filter
    }

/** Changes after a number or a time, and before a time. */
export interface Window {
  readonly sinceSeq?: string
  readonly since?: string
  readonly until?: string
}

/** Bodies stored in more bytes than this are fetched one by one. */
const maxBodyBytes = 16_384

const columns = 'r.rtype, r.id, r.version, r.updated_at as "updatedAt"'

export function exportRowsSql(tenant: number, selection: Selection, window: Window): Statement {
  const binds = new Binds(tenant)
  const rtypes = selection.of === 'types' ? selection.rtypes : [selection.rtype]
  const [rtype = '', ...others] = rtypes
  const wheres = ['r.tenant = $1', 'not r.deleted', ...windowOf(window, binds)]
  wheres.push(
    others.length === 0 ? `r.rtype = ${binds.text(rtype)}` : `r.rtype = any(${binds.add(rtypes)}::text[])`,
  )
  if (selection.of === 'compartments') wheres.push(membership(selection, binds))
  if (selection.of === 'referenced') wheres.push(referenced(selection, binds))
  if (selection.filter) wheres.push(...conditions(rtype, [selection.filter], binds))
  const body = `case when pg_column_size(r.body) <= ${maxBodyBytes} then r.body::text end as body`
  return {
    text: `select ${columns}, ${body} from resource r where ${wheres.join(' and ')}`,
    values: binds.values,
  }
}

function windowOf({ sinceSeq, since, until }: Window, binds: Binds): string[] {
  const wheres: string[] = []
  if (sinceSeq !== undefined) wheres.push(`r.seq > ${binds.add(sinceSeq)}::bigint`)
  if (since !== undefined) wheres.push(`r.updated_at > ${binds.add(since)}::timestamptz`)
  if (until !== undefined) wheres.push(`r.updated_at < ${binds.add(until)}::timestamptz`)
  return wheres
}

type Member = Extract<Selection, { patients: Patients }>

/** References of column `target` that lead to one of the patients. */
function toPatients(target: string, patients: Patients, binds: Binds): string {
  if (patients === 'all') return toType(target, 'Patient', binds)
  return `${target} = any(${binds.add(patients.map((id) => `Patient/${id}`))}::text[])`
}

/** "0" is what comes after "/". */
const toType = (target: string, rtype: string, binds: Binds): string =>
  `${target} >= ${binds.text(`${rtype}/`)} and ${target} < ${binds.text(`${rtype}0`)}`

function membership({ rtype, patients, compartment }: Member, binds: Binds): string {
  // A patient is of the own compartment alone here: one that is linked is another one, whom nobody has asked for.
  if (rtype === 'Patient') return patients === 'all' ? 'true' : `r.id = any(${binds.add(patients)}::text[])`
  return `r.id in (select x.id from reference x where x.tenant = $1 and x.rtype = ${binds.text(rtype)}
    and x.param = any(${binds.add(compartment[rtype] ?? [])}::text[]) and ${toPatients('x.target', patients, binds)})`
}

/** What the patients themselves, or what belongs to them, points to. */
function referenced({ rtype, patients, compartment }: Member, binds: Binds): string {
  const pointed = `select substr(x.target, length(${binds.text(`${rtype}/`)}) + 1) from reference x
    where x.tenant = $1 and ${toType('x.target', rtype, binds)}`
  const types = Object.keys(compartment)
  if (patients === 'all') return `r.id in (${pointed} and x.rtype = any(${binds.add(types)}::text[]))`
  const pairs = types.flatMap((type) => (compartment[type] ?? []).map((param) => [type, param] as const))
  const [names, params] = [pairs.map(([type]) => type), pairs.map(([, param]) => param)]
  return `r.id in (${pointed} and (
    (x.rtype = ${binds.text('Patient')} and x.id = any(${binds.add(patients)}::text[]))
    or (x.rtype, x.id) in (select y.rtype, y.id
      from unnest(${binds.add(names)}::text[], ${binds.add(params)}::text[]) as c (rtype, param)
      join reference y on y.tenant = $1 and y.rtype = c.rtype and y.param = c.param
        and ${toPatients('y.target', patients, binds)})))`
}

/** A cursor runs to its end here, so that the plan shall be the one for all rows; and pages may be slow to be taken. */
const settingsSql = `set local cursor_tuple_fraction = 1; set local idle_in_transaction_session_timeout = '10min'`

/** Rows that are fetched at a time, and how many times ahead of those that are worked on. */
const [rowsAtATime, ahead] = [1_000, 2]

/** The rows of a selection, some at a time; the next ones are on their way while these are worked on. */
export async function* exportRows(
  tx: Transaction,
  { text, values }: Statement,
): AsyncGenerator<readonly ExportRow[]> {
  await tx.script(settingsSql)
  await tx.execute('', `declare export_rows no scroll cursor for ${text}`, values)
  const coming: Promise<ExportRow[]>[] = []
  const fetch = (): void => {
    const rows = tx.query<ExportRow>('', `fetch ${rowsAtATime} from export_rows`)
    // Whoever takes the rows may stop: then nobody waits for these.
    rows.catch(() => {})
    coming.push(rows)
  }
  for (let i = 0; i < ahead; i++) fetch()
  try {
    for (;;) {
      const rows = (await coming.shift()) ?? []
      if (rows.length === 0) break
      fetch()
      yield rows
    }
  } finally {
    await Promise.allSettled(coming)
  }
  await tx.script('close export_rows')
}

const bodySql = `select r.body::text as body from resource r where r.tenant = $1 and r.rtype = $2 and r.id = $3`

/** A body that was too large to come with its row. */
export async function exportBody(
  tx: Transaction,
  tenant: number,
  { rtype, id }: Pick<ExportRow, 'rtype' | 'id'>,
): Promise<string> {
  const [row] = await tx.query<{ body: string }>('export_body', bodySql, [tenant, rtype, id])
  return row?.body ?? '{}'
}

/** What was deleted, as it last was. */
export interface DeletedRow {
  readonly rtype: string
  readonly id: string
  readonly body: string | null
}

/** Deletions of types in the window, each with the last body that the resource had. */
export function deletedRowsSql(tenant: number, rtypes: readonly string[], window: Window): Statement {
  const binds = new Binds(tenant)
  const wheres = ['r.tenant = $1', 'r.deleted', `r.rtype = any(${binds.add(rtypes)}::text[])`]
  wheres.push(...windowOf(window, binds))
  const last = `select s.body::text from superseded s where s.tenant = $1 and s.rtype = r.rtype and s.id = r.id
    and s.body is not null order by s.version desc limit 1`
  const text = `select ${columns}, (${last}) as body from resource r where ${wheres.join(' and ')}`
  return { text, values: binds.values }
}

const seqSql = `select n::text as seq from counter where tenant = $1 and name = 'seq'`

/** The number of the newest change that this snapshot sees. */
export async function newestChange(tx: Transaction, tenant: number): Promise<string> {
  const [row] = await tx.query<{ seq: string }>('export_seq', seqSql, [tenant])
  return row?.seq ?? '0'
}
