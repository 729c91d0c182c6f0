// What an error of the database means for its caller, by SQLSTATE (PostgreSQL manual, appendix A), never by its text.

/**
 * - `transient` try again: conflict with another transaction, connection lost, server restarting, time-out
 * - `data`      this statement's values cannot be stored; others can. Isolate the message
 * - `storage`   disk full, I/O error, corruption: the gateway should stop (fail-stop) and not go on guessing
 * - `bug`       ours: wrong statement, missing table, missing right
 */
export type ErrorKind = 'transient' | 'data' | 'storage' | 'bug'

/** The connection was lost, or the server ended, between COMMIT and its answer: look the keys up before going on. */
export class CommitUnknown extends Error {
  constructor(cause: unknown) {
    super('the outcome of COMMIT is unknown - look up what it should have written', { cause })
    this.name = 'CommitUnknown'
  }
}

/** More callers wait for a connection than `maxWaiting`: answer 503. */
export class StoreBusy extends Error {
  constructor(pool: string) {
    super(`all ${pool} connections are busy and the queue is full`)
    this.name = 'StoreBusy'
  }
}

const kinds: Readonly<Record<string, ErrorKind>> = {
  '22': 'data', // data exception
  '23': 'data', // integrity constraint violation
  '54': 'data', // program limit exceeded: too deep, too long, too many
  '08': 'transient', // connection exception
  '40': 'transient', // transaction rollback: serialization failure, deadlock
  '57': 'transient', // operator intervention: shutdown, crash, starting up, statement time-out
  '53': 'storage', // insufficient resources: disk full, out of memory
  '58': 'storage', // system error: I/O
  XX: 'storage', // internal error, data corrupted, index corrupted

  '25006': 'transient', // read-only: we still talk to a server that has become a standby
  '25P03': 'transient', // ended for idling in a transaction
  '26000': 'transient', // a prepared statement is gone: a pooler or a fail-over changed the session
  '53300': 'transient', // too many connections
  '55P03': 'transient', // lock not available
}

/** Errors of sockets and of the driver that mean: no connection. The driver has no codes for its own. */
const systemCodes = new Set(
  'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENOENT ETIMEDOUT EHOSTUNREACH ENETUNREACH EHOSTDOWN ENOTFOUND EAI_AGAIN'.split(
    ' ',
  ),
)
const driverTexts =
  /^(connection (terminated|ended)|query read timeout|timeout (exceeded|expired)|client (has|was) )/i

/** Five characters such as '40001'; undefined when the error is not the server's. */
export function sqlState(error: unknown): string | undefined {
  const code = field(error, 'code')
  return code !== undefined && field(error, 'severity') !== undefined && /^[0-9A-Z]{5}$/.test(code)
    ? code
    : undefined
}

export function classify(error: unknown): ErrorKind {
  if (error instanceof CommitUnknown || error instanceof StoreBusy) return 'transient'
  const state = sqlState(error)
  if (state === undefined) return isLostConnection(error) ? 'transient' : 'bug'
  if (isStalePlan(error)) return 'transient'
  return kinds[state] ?? kinds[state.slice(0, 2)] ?? 'bug'
}

/** No answer came, or the server ended the session with its answer: the connection is of no use any more. */
export function isLostConnection(error: unknown): boolean {
  if (sqlState(error) !== undefined) {
    const severity = field(error, 'severity')
    return severity === 'FATAL' || severity === 'PANIC' || field(error, 'code')?.startsWith('08') === true
  }
  const code = field(error, 'code')
  if (code !== undefined && systemCodes.has(code)) return true
  if (error instanceof AggregateError) return error.errors.some(isLostConnection)
  return error instanceof Error && driverTexts.test(error.message)
}

/** A migration changed what a prepared statement returns: a new connection prepares it anew. */
export function isStalePlan(error: unknown): boolean {
  return field(error, 'code') === '0A000' && field(error, 'routine') === 'RevalidateCachedQuery'
}

/** What may be logged of an error: no values, which the text and the detail of the server may quote. */
export function describeError(error: unknown): {
  code?: string
  table?: string
  constraint?: string
  kind: ErrorKind
} {
  const part = (name: string) => field(error, name)
  const code = sqlState(error) ?? part('code')
  const table = part('table')
  const constraint = part('constraint')
  return {
    kind: classify(error),
    ...(code === undefined ? {} : { code }),
    ...(table === undefined ? {} : { table }),
    ...(constraint === undefined ? {} : { constraint }),
  }
}

function field(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' ? value : undefined
}
