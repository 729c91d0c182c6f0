// What all verbs have in common: options that are numbers, --json, examples and exit codes in their help.
import { type Command, InvalidArgumentError } from 'commander'
import type { ExitCode } from './exit.ts'
import type { Terminal } from './terminal.ts'

export interface Context {
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  /** Is told how the verb ended. */
  done(code: ExitCode): void
}

/** Adds one verb to the program. */
export type Verb = (program: Command, context: Context) => void

export interface Help {
  readonly examples: readonly (readonly [command: string, what: string])[]
  /** What exit code 1 means here. */
  readonly refused: string
  readonly notes?: string
}

/** Adds --json and the end of the help text. */
export function finishVerb(command: Command, json: string, { examples, refused, notes }: Help): Command {
  const shown = examples.map(([line, what]) => `  ${line}\n      ${what}`).join('\n')
  const lines = [
    ...(notes === undefined ? [] : [notes, '']),
    examples.length === 1 ? 'Example:' : 'Examples:',
    shown,
    '',
    `Exit codes: 0 all went well, 1 ${refused}, 2 wrong arguments or it could not run.`,
  ]
  return command.option('--json', json).addHelpText('after', `\n${lines.join('\n')}`)
}

/** A whole number of an option. */
export function whole(min: number, max: number) {
  return (text: string): number => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (number >= min && number <= max) return number
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`)
  }
}

/** A number above 0 of an option. */
export function positive(max: number) {
  return (text: string): number => {
    const number = /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN
    if (number > 0 && number <= max) return number
    throw new InvalidArgumentError(`Give a number above 0, at most ${max}.`)
  }
}
