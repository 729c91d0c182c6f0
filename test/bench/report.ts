// What a run prints: figures and ratios as a table, and the same as JSON with the command and the machine.
import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { join } from 'node:path'

export interface Figure {
  /** 'a' to 'f' */
  readonly part: string
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly note?: string
}

export interface Ratio {
  readonly part: string
  readonly name: string
  readonly value: number
  /** What the product promises; undefined = only told. */
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Report {
  figure(part: string, name: string, value: number, unit: string, note?: string): void
  ratio(ratio: Ratio): void
  /** Told while it runs, on standard error. */
  say(text: string): void
}

export interface Facts {
  readonly command: string
  readonly date: string
  readonly cores: number
  readonly cpu: string
  readonly memoryGb: number
  readonly node: string
  readonly postgres: string
  readonly commit: string
}

function git(...parameters: string[]): string {
  try {
    return execFileSync('git', parameters, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return ''
  }
}

export function factsOf(postgres: string): Facts {
  const changed =
    git('status', '--porcelain', '--', join(import.meta.dirname, '../../src')) === ''
      ? ''
      : ' with changes in src'
  return {
    command: ['node test/bench/main.ts', ...process.argv.slice(2)].join(' '),
    date: new Date().toISOString(),
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? '',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres,
    commit: `${git('rev-parse', '--short', 'HEAD')}${changed}`,
  }
}

export class Results implements Report {
  readonly figures: Figure[] = []
  readonly ratios: Ratio[] = []

  figure(part: string, name: string, value: number, unit: string, note?: string): void {
    this.figures.push({ part, name, value, unit, ...(note === undefined ? {} : { note }) })
  }

  ratio(ratio: Ratio): void {
    this.ratios.push(ratio)
  }

  say(text: string): void {
    process.stderr.write(`${text}\n`)
  }

  table(facts: Facts): string {
    const lines = Object.entries(facts).map(([name, value]) => `${name.padEnd(10)}${value}`)
    lines.push('')
    for (const { part, name, value, unit, note } of this.figures) {
      lines.push(
        `(${part}) ${name.padEnd(58)}${shown(value).padStart(12)} ${unit}${note === undefined ? '' : `  ${note}`}`,
      )
    }
    lines.push('')
    for (const { part, name, value, atLeast, atMost } of this.ratios) {
      const wanted =
        atLeast !== undefined ? `at least ${atLeast}` : atMost !== undefined ? `at most ${atMost}` : ''
      const kept = (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)
      lines.push(
        `(${part}) ${name.padEnd(58)}${shown(value).padStart(12)} ${wanted === '' ? '' : `${kept ? 'ok    ' : 'MISSED'} ${wanted}`}`,
      )
    }
    return `${lines.join('\n')}\n`
  }
}

function shown(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3
  return value.toFixed(digits).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',')
}
