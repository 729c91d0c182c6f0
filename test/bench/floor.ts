// The floor of ingest: what a recorded gateway has written, played into an empty schema by the same statements with the
// same values, one transaction a batch, on one connection. No sockets, no parsing, no rules, no reads, no answers.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Database } from '../../src/store/db.ts'
import type { RecordedLine, RecordedStatement } from './record.ts'

export interface FloorResult {
  readonly messages: number
  readonly transactions: number
  readonly seconds: number
  /** Octets of parameters per message. */
  readonly bytesPerMessage: number
  /** Milliseconds per message, by statement. */
  readonly statements: Readonly<Record<string, number>>
}

interface Prepared {
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
}

/** Reads a recording: the transactions before the mark, and those after it. */
async function readRecording(path: string): Promise<{ before: Prepared[][]; after: Prepared[][] }> {
  const texts = new Map<string, string>()
  const prepare = ([name, text, values]: RecordedStatement): Prepared => {
    if (text !== null) texts.set(name, text)
    return { name, text: texts.get(name) ?? '', values }
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

const messagesOf = (transactions: readonly (readonly Prepared[])[]): number =>
  transactions
    .flat()
    .filter((each) => each.name === 'write_messages')
    .reduce((sum, each) => sum + (JSON.parse(String(each.values[1])) as unknown[]).length, 0)

async function play(
  db: Database,
  transactions: readonly (readonly Prepared[])[],
  spent: Map<string, number>,
): Promise<void> {
  for (const statements of transactions) {
    await db.transaction(async (tx) => {
      for (const { name, text, values } of statements) {
        const began = performance.now()
        await tx.execute(name, text, values)
        spent.set(name, (spent.get(name) ?? 0) + performance.now() - began)
      }
    })
  }
}

/** `ready` runs between what came before the mark and what is measured. */
export async function playFloor(
  path: string,
  db: Database,
  ready: () => Promise<void>,
): Promise<FloorResult> {
  const { before, after } = await readRecording(path)
  const spent = new Map<string, number>()
  await play(db, before, new Map())
  await ready()
  const began = performance.now()
  await play(db, after, spent)
  const seconds = (performance.now() - began) / 1000
  const messages = messagesOf(after)
  const bytes = after
    .flat()
    .reduce((sum, { values }) => sum + values.reduce<number>((all, each) => all + String(each).length, 0), 0)
  return {
    messages,
    transactions: after.length,
    seconds,
    bytesPerMessage: bytes / messages,
    statements: Object.fromEntries([...spent].map(([name, ms]) => [name, ms / messages])),
  }
}
