// What a run has found, for people.
import type { Row } from './main.ts'

/** 0 losses in n independent faults: at 95 % confidence a fault loses with at most this probability. */
const boundOf = (faults: number): string => (faults > 3 ? `<= ${((3 / faults) * 100).toPrecision(2)} %` : '')

const verdictOf = ({ ok, mutant, outcome }: Row): string => {
  if (outcome.skipped !== undefined) return 'skipped'
  if (mutant !== undefined) return ok ? 'caught' : 'SURVIVED'
  return ok ? 'held' : 'BROKEN'
}

export function printTable(rows: readonly Row[]): void {
  const cells = rows.map((row) => [
    row.id,
    row.mutant ?? row.fault,
    verdictOf(row),
    String(row.outcome.faults),
    row.mutant === undefined && row.ok ? boundOf(row.outcome.faults) : '',
    `${row.seconds} s`,
    String(row.seed),
  ])
  const head = ['id', 'fault or mutant', 'verdict', 'faults', 'per fault (95 %)', 'took', 'seed']
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((line) => line[i]?.length ?? 0)))
  const print = (line: readonly string[]) =>
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  console.log()
  print(head)
  print(widths.map((width) => '-'.repeat(width)))
  for (const line of cells) print(line)
}

export function printDetails(row: Row): void {
  const { outcome } = row
  const name = row.mutant === undefined ? row.id : `${row.id} mutant ${row.mutant}`
  console.log(`${name}: ${verdictOf(row)}, ${outcome.faults} faults, ${row.seconds} s`)
  if (outcome.skipped !== undefined) console.log(`  skipped: ${outcome.skipped}`)
  const figures = Object.entries(outcome.figures).map(([name, value]) => `${name} ${value}`)
  if (figures.length > 0) console.log(`  ${figures.join(', ')}`)
  for (const { rule, count, samples } of outcome.violations) {
    console.log(`  broken ${count} x: ${rule}`)
    for (const sample of samples) console.log(`    ${sample.replaceAll('\n', '\n    ')}`)
  }
}
