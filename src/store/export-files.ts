// Files of bulk exports: compressed pieces, written as they are made and read one after the other.
import type { Database, Queryable } from './db.ts'
import { type Attempt, type FileRow, JobLost } from './export-jobs.ts'

/** The lease is kept by what is written, and nothing is written for a job that is somebody else's by now. */
const addChunkSql = `
with mine as (
  update export_job set written = $4, lease_until = clock_timestamp() + make_interval(secs => $5)
  where tenant = $1 and id = $2 and attempts = $3 and state = 'running' returning id
)
insert into export_chunk (tenant, job, n, place, data) select $1, mine.id, $6, $7, $8::bytea from mine`

export interface Chunk {
  /** Of the file, and the place in it. */
  readonly n: number
  readonly place: number
  readonly data: Uint8Array
}

export async function addChunk(
  db: Database,
  tenant: number,
  { id, attempts }: Attempt,
  chunk: Chunk,
  progress: { readonly written: number; readonly leaseSeconds: number },
): Promise<void> {
  const { written, leaseSeconds } = progress
  const values = [tenant, id, attempts, written, leaseSeconds, chunk.n, chunk.place, chunk.data]
  const added = await db.transaction((tx) => tx.execute('export_add_chunk', addChunkSql, values))
  if (added === 0) throw new JobLost()
}

const fileColumns = `f.n, f.kind, f.rtype, f.count, f.bytes, f.packed_bytes as "packedBytes", f.crc`
const filesSql = `select ${fileColumns} from export_file f where f.tenant = $1 and f.job = $2 order by f.n`

export async function readFiles(db: Queryable, tenant: number, job: string): Promise<FileRow[]> {
  return await db.query<FileRow>('export_files', filesSql, [tenant, job])
}

const fileSql = `select ${fileColumns} from export_file f where f.tenant = $1 and f.job = $2 and f.n = $3`

export async function readFile(
  db: Queryable,
  tenant: number,
  job: string,
  n: number,
): Promise<FileRow | undefined> {
  const [row] = await db.query<FileRow>('export_file', fileSql, [tenant, job, n])
  return row
}

const chunksSql = `
select data from export_chunk where tenant = $1 and job = $2 and n = $3 and place >= $4 order by place limit $5`
/** Pieces that are read at a time. */
const chunksAtATime = 4

/** The pieces of a file in their order; ends early when they are taken away meanwhile. */
export async function* readChunks(
  db: Queryable,
  tenant: number,
  job: string,
  n: number,
): AsyncGenerator<Buffer> {
  for (let place = 0; ; place += chunksAtATime) {
    const rows = await db.query<{ data: Buffer }>('export_chunks', chunksSql, [
      tenant,
      job,
      n,
      place,
      chunksAtATime,
    ])
    for (const { data } of rows) yield data
    if (rows.length < chunksAtATime) return
  }
}
