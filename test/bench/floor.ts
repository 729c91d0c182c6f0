// The floor of ingest: what a recorded gateway has written, played into an empty schema by the same statements with the
// same values, one transaction a batch, on one connection. No sockets, no parsing, no rules, no reads, no answers.
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Database, openDatabase } from '../../src/store/db.ts'
import { makePartitions } from '../../src/store/maintenance.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { Cluster } from './cluster.ts'
import { type RecordedLine, type RecordedStatement, unpacked } from './record.ts'
import { Stand, type StandOptions } from './stand.ts'

export interface FloorPart {
  readonly messages: number
  readonly transactions: number
  readonly seconds: number
  /** Of PostgreSQL and of the process that plays. */
  readonly cpuMs: number
}

interface Prepared {
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
}
type Transactions = readonly (readonly Prepared[])[]

/** The same traffic as in the measured run, with a recorder in the gateway. Returns the file. */
export async function record(
  cluster: Cluster,
  options: StandOptions,
  warmMessages: number,
  seconds: number,
): Promise<string> {
  const file = join(cluster.folder, 'writes.jsonl')
  const stand = new Stand(cluster)
  try {
    await stand.open({ ...options, record: file })
    await stand.warmUp(warmMessages)
    await stand.gateway.call('mark', 'measured')
    await stand.run(16, 8, { seconds })
  } finally {
    await stand.close()
  }
  return file
}

/** Transactions before the mark, and those after it. */
async function readRecording(path: string): Promise<{ before: Transactions; after: Transactions }> {
  const texts = new Map<string, string>()
  const prepare = ([name, text, values]: RecordedStatement): Prepared => {
    if (text !== null) texts.set(name, text)
    return { name, text: texts.get(name) ?? '', values: values.map(unpacked) }
  }
  const before: Prepared[][] = []
  const after: Prepared[][] = []
  let list = before
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const read = JSON.parse(line) as RecordedLine
    if ('mark' in read) list = after
    else list.push(read.tx.map(prepare))
  }
  return { before, after }
}

const messagesOf = (transactions: Transactions): number =>
  transactions
    .flat()
    .filter((each) => each.name === 'write_messages')
    .reduce((sum, each) => sum + (JSON.parse(String(each.values[1])) as unknown[]).length, 0)

const octetsOf = (value: unknown): number => (Buffer.isBuffer(value) ? value : String(value)).length

export class Floor {
  readonly #cluster: Cluster
  readonly #db: Database
  readonly #transactions: Transactions
  readonly #parts: number
  /** Milliseconds by statement. */
  readonly spent = new Map<string, number>()
  #next = 0

  /** Plays what came before the mark. What came after it is played in `parts` equal parts. */
  static async open(cluster: Cluster, file: string, parts: number): Promise<Floor> {
    const { before, after } = await readRecording(file)
    const warn = (fields: Record<string, unknown>, text: string) => console.error(text, fields)
    const db = await openDatabase({ connection: cluster.url, schema: cluster.newSchema(), warn })
    await migrate(db)
    await db.transaction((tx) => makePartitions(tx, new Date()))
    const floor = new Floor(cluster, db, after, parts)
    await floor.#play(before)
    await cluster.analyze(db.schema)
    floor.spent.clear()
    return floor
  }

  constructor(cluster: Cluster, db: Database, transactions: Transactions, parts: number) {
    this.#cluster = cluster
    this.#db = db
    this.#transactions = transactions
    this.#parts = parts
  }

  /** Octets of parameters per message. */
  get bytesPerMessage(): number {
    const bytes = this.#transactions
      .flat()
      .reduce((sum, { values }) => sum + values.reduce<number>((all, each) => all + octetsOf(each), 0), 0)
    return bytes / messagesOf(this.#transactions)
  }

  async playPart(): Promise<FloorPart> {
    const size = Math.ceil(this.#transactions.length / this.#parts)
    const part = this.#transactions.slice(this.#next, this.#next + size)
    this.#next += size
    const server = this.#cluster.cpuMs() ?? 0
    const own = process.cpuUsage()
    const began = performance.now()
    await this.#play(part)
    const seconds = (performance.now() - began) / 1000
    const { user, system } = process.cpuUsage(own)
    return {
      messages: messagesOf(part),
      transactions: part.length,
      seconds,
      cpuMs: (this.#cluster.cpuMs() ?? 0) - server + (user + system) / 1000,
    }
  }

  async #play(transactions: Transactions): Promise<void> {
    for (const statements of transactions) {
      await this.#db.transaction(async (tx) => {
        for (const { name, text, values } of statements) {
          const began = performance.now()
          await tx.execute(name, text, values)
          this.spent.set(name, (this.spent.get(name) ?? 0) + performance.now() - began)
        }
      })
    }
  }

  async close(): Promise<void> {
    await this.#db.close()
    await this.#cluster.dropSchema(this.#db.schema)
  }
}
