// Exit codes of every verb, and the one error that ends a verb with a sentence instead of a trace.

export const EXIT = {
  /** Everything that was asked for was done. */
  ok: 0,
  /** It ran, and something was refused or is wrong. */
  refused: 1,
  /** Wrong arguments, or it could not run at all. */
  unable: 2,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Why a verb cannot run: what (where) - next step. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun'
}

/** The sentence of an error; for system errors their code. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** ENOENT and the like. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
