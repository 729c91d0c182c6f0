// Words shared by the files of the embedded server: its log, its errors, and the account it runs under.

/** What the supervisor says goes here. pino fits. Never receives a password, a statement or a row. */
export interface Log {
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
  error(fields: Record<string, unknown>, message: string): void
}

/**
 * - `FOLDER`    DATA_DIR cannot be used: foreign contents, wrong owner, not a folder
 * - `HELD`      another gateway has the folder; the message names its pid
 * - `BINARIES`  no usable PostgreSQL on this machine
 * - `VERSION`   the stored cluster needs another major version of PostgreSQL
 * - `INIT`      the cluster could not be made
 * - `START`     the server did not become ready
 */
export type EmbeddedErrorCode = 'FOLDER' | 'HELD' | 'BINARIES' | 'VERSION' | 'INIT' | 'START'

/** Why the embedded server cannot be had; the message is for the person who starts the gateway. */
export class EmbeddedError extends Error {
  readonly code: EmbeddedErrorCode
  constructor(code: EmbeddedErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EmbeddedError'
    this.code = code
  }
}

/** Operating system account of the server when it is not that of the gateway. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** The `code` of a system error ('ENOENT'), if it has one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
