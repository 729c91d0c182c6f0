// One export from its plan to its files, all of it in one snapshot: what it shows is the state of one moment.
import type { Client } from '../../canonical/site.ts'
import { COMPARTMENTS } from '../../fhir/definitions.ts'
import type { Filter } from '../../fhir/filter.ts'
import { parseSearch } from '../../fhir/search-query.ts'
import { isObject, type JsonObject } from '../../fhir/types.ts'
import type { Transaction } from '../../store/db.ts'
import { seqOfTime } from '../../store/export-jobs.ts'
import {
  deletedRowsSql,
  type ExportRow,
  exportBody,
  exportRows,
  exportRowsSql,
  newestChange,
  type Patients,
  type Selection,
  type Window,
} from '../../store/export-rows.ts'
import { resourceIndex } from '../../store/index-rows.ts'
import { readResources } from '../../store/resources.ts'
import type { AppOptions } from '../context.ts'
import { partsOf } from '../fhir/elements.ts'
import { resourceText } from '../fhir/resource-text.ts'
import { knownHere, permitted } from '../fhir/search-request.ts'
import type { ExportFiles } from './files.ts'
import { bulkLimits } from './limits.ts'
import { memberIds } from './members.ts'
import { type ExportPlan, isMember } from './plan.ts'

type Deps = Pick<AppOptions, 'db' | 'tenant' | 'gateway' | 'packages' | 'baseUrl'>

export interface Shown {
  /** All changes up to this number are in it, and none after. */
  readonly seq: string
  readonly transactionTime: string
}

const compartment: Readonly<Record<string, readonly string[]>> = COMPARTMENTS.Patient ?? {}

/** Writes everything that the plan asks for. `tx` is one snapshot. */
export async function runExport(
  deps: Deps,
  tx: Transaction,
  plan: ExportPlan,
  client: Client,
  files: ExportFiles,
): Promise<Shown> {
  const seq = await newestChange(tx, deps.tenant)
  // After the snapshot was taken: nothing in it is younger.
  const now = deps.gateway.now()
  const window = await windowOf(deps, tx, plan)
  const patients = await patientsOf(deps, tx, plan, now)
  for (const selection of selectionsOf(deps, plan, client, patients)) {
    for await (const rows of exportRows(tx, exportRowsSql(deps.tenant, selection, window)))
      await writeRows(deps, tx, plan, rows, files)
  }
  if (plan.since !== undefined) await writeDeleted(deps, tx, plan, patients, window, files)
  return { seq, transactionTime: now.toISOString() }
}

/** After an earlier export, by the number of its last change: also what had a time then, and was committed later. */
async function windowOf({ tenant }: Deps, tx: Transaction, { since, until }: ExportPlan): Promise<Window> {
  const sinceSeq = since === undefined ? undefined : await seqOfTime(tx, tenant, since)
  return {
    ...(sinceSeq !== undefined ? { sinceSeq } : since !== undefined && { since }),
    ...(until !== undefined && { until }),
  }
}

async function patientsOf(
  { tenant }: Deps,
  tx: Transaction,
  { patients, group }: ExportPlan,
  at: Date,
): Promise<Patients> {
  if (patients) return patients
  if (group === undefined) return 'all'
  return await memberIds(group, at, async (ids) => {
    const rows = await readResources(
      tx,
      tenant,
      ids.map((id) => ({ rtype: 'Group', id })),
    )
    return rows.map(({ body }): unknown => JSON.parse(body)).filter(isObject)
  })
}

/** Types without conditions of their own are read together. */
function selectionsOf(deps: Deps, plan: ExportPlan, client: Client, patients: Patients): Selection[] {
  const { level, types } = plan
  const filterFor = (type: string) => {
    const filter = filterOf(deps, plan, client, type)
    return filter ? { filter } : {}
  }
  if (level === 'system') {
    const [plain, narrowed] = [
      types.filter((type) => !plan.filters[type]),
      types.filter((type) => plan.filters[type]),
    ]
    const together: Selection[] = plain.length > 0 ? [{ of: 'types', rtypes: plain }] : []
    return [
      ...together,
      ...narrowed.map((type): Selection => ({ of: 'types', rtypes: [type], ...filterFor(type) })),
    ]
  }
  return types.map((rtype) => {
    const of = isMember(rtype) ? 'compartments' : 'referenced'
    return { of, rtype, patients, compartment, ...filterFor(rtype) }
  })
}

function filterOf(deps: Deps, { filters }: ExportPlan, client: Client, type: string): Filter | undefined {
  const queries = filters[type]
  if (!queries) return undefined
  const alternatives = queries.map((query): Filter => {
    const read = parseSearch(type, new URLSearchParams(query), knownHere(deps))
    if (!('query' in read) || read.unknown.length > 0)
      throw new Error('a search of an export is not understood any more')
    const filters = read.query.filters.map((each) => {
      const seen = permitted(each, { client })
      // Left out, it would find more than was asked for.
      if (!seen) throw new Error('no scope of the client gives s on a type that a search goes through')
      return seen
    })
    return { kind: 'all', filters }
  })
  return { kind: 'any', filters: alternatives }
}

async function writeRows(
  { tenant }: Deps,
  tx: Transaction,
  { elements }: ExportPlan,
  rows: readonly ExportRow[],
  files: ExportFiles,
): Promise<void> {
  for (const row of rows) {
    const { rtype, version, updatedAt } = row
    const body = row.body ?? (await exportBody(tx, tenant, row))
    const text = resourceText({ body, version, updatedAt })
    const wanted = elements.length > 0 ? elementsFor(rtype, elements) : []
    const line = wanted.length > 0 ? partsOf(text, { elements: wanted, summary: undefined }) : text
    const full = files.add('output', rtype, line)
    if (full) await full
  }
}

/** Those that are named for this type or for all; none = the whole resource. */
const elementsFor = (rtype: string, elements: readonly string[]): string[] =>
  elements.flatMap((each) => {
    const [name = '', type] = each.split('.', 2).toReversed()
    return type === undefined || type === rtype ? [name] : []
  })

/** Deletions since then, in Bundles that carry them out: what does not belong to the patients is left out. */
async function writeDeleted(
  { tenant }: Deps,
  tx: Transaction,
  { level, types }: ExportPlan,
  patients: Patients,
  window: Window,
  files: ExportFiles,
): Promise<void> {
  const among = level === 'system' ? types : types.filter(isMember)
  const belongs = patients === 'all' ? () => true : belongsTo(new Set(patients))
  let urls: string[] = []
  const flush = async () => {
    if (urls.length === 0) return
    const entry = urls.map((url) => ({ request: { method: 'DELETE', url } }))
    urls = []
    await files.add(
      'deleted',
      'Bundle',
      JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
    )
  }
  for await (const rows of exportRows(tx, deletedRowsSql(tenant, among, window))) {
    for (const { rtype, id, body } of rows) {
      const last: unknown = body === null ? {} : JSON.parse(body)
      if (level !== 'system' && !(isObject(last) && (patients === 'all' || belongs(rtype, id, last))))
        continue
      urls.push(`${rtype}/${id}`)
      if (urls.length === bulkLimits.maxDeletedPerBundle) await flush()
    }
  }
  await flush()
}

/** What a resource belonged to is not indexed any more: it is read from what it last was. */
const belongsTo = (patients: ReadonlySet<string>) => (rtype: string, id: string, last: JsonObject) => {
  if (rtype === 'Patient') return patients.has(id)
  const params = compartment[rtype] ?? []
  return resourceIndex(last).reference.some(
    ({ param, target }) =>
      params.includes(param) &&
      target.startsWith('Patient/') &&
      patients.has(target.slice('Patient/'.length)),
  )
}
