// Search parameters of the packages of a site take force when the process starts: what is stored gets its rows before
// anybody asks. On a reload they wait for the next start, which the log says.
import { createHash } from 'node:crypto'
import { zoneOffsetOf } from '../../fhir/date.ts'
import { addSearchParams, compileSearchParams } from '../../fhir/search-params.ts'
import type { Database } from '../../store/db.ts'
import { readProgress, writeProgress } from '../../store/journal.ts'
import { reindex } from '../../store/reindex.ts'
import type { LiveSite, SiteLog } from './live-site.ts'

interface TakeOptions {
  readonly db: Database
  readonly tenant: number
  readonly site: Pick<LiveSite, 'site' | 'packages'>
  readonly log: SiteLog
}

/** What of the progress table is ours: the hash of the rows, then 'Type.code' of each. */
const name = 'search-params'
const subject = 'site'

/** Compiles all parameters, and makes the rows of those that have come, changed or gone since the last start. */
export async function takeSearchParams({ db, tenant, site, log }: TakeOptions): Promise<void> {
  const { searchParams } = site.packages
  addSearchParams(searchParams)
  compileSearchParams()
  const known = (await readProgress(db.read, tenant, name, subject)) ?? []
  const hash = createHash('sha256').update(JSON.stringify(searchParams)).digest('hex')
  if (known.length === 0 ? searchParams.length === 0 : known[0] === hash) return
  const now = searchParams.map(({ base, code }) => `${base}.${code}`)
  const byType = new Map<string, Set<string>>()
  for (const each of [...known.slice(1), ...now]) {
    const [rtype = '', code = ''] = each.split('.')
    byType.set(rtype, (byType.get(rtype) ?? new Set()).add(code))
  }
  const zone = zoneOffsetOf(site.site.gateway.timezone)
  for (const [rtype, codes] of byType) {
    const resources = await reindex(db, { tenant, rtype, codes: [...codes], zone })
    log.info({ rtype, codes: [...codes], resources }, 'search parameters of packages: rows made')
  }
  await db.transaction((tx) => writeProgress(tx, tenant, name, subject, [hash, ...now]))
}
