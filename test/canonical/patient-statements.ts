// What sources say of a person, as a test writes it: one line per statement.

import type { FhirJson } from '../../src/canonical/fhir-json.ts'
import { foldPatient } from '../../src/canonical/person/patient.ts'
import type { Assertion, Contribution } from '../../src/canonical/truth/contribution.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { ms } from './events.ts'

export const trustOf: Readonly<Record<string, number>> = {
  ADT: 90,
  REG: 70,
  WREG: 70,
  BILL: 50,
  KIOSK: 30,
  portal: 60,
}

/** What a source said at a time: say('ADT', '10:00', { 'gender<PID-8': 'female' }). */
export function say(
  source: string,
  at: string,
  cells: Readonly<Record<string, Json>>,
  more: { readonly key?: string; readonly i?: string } = {},
): Contribution {
  const t = ms(`2026-03-02T${at}:00-06:00`)
  const i = more.i ?? `${source}@${at}`
  const said: Record<string, Assertion> = {}
  for (const [key, v] of Object.entries(cells)) said[key] = { v, t, m: t, i }
  return { source, key: more.key ?? '', i, cells: said }
}

/** Later statements of one source go into one contribution, as they are stored. */
export function joined(...contributions: readonly Contribution[]): Contribution[] {
  const bySource = new Map<string, Contribution>()
  for (const each of contributions) {
    const at = `${each.source} ${each.key}`
    const known = bySource.get(at)
    const cells: Record<string, Assertion> = { ...known?.cells }
    for (const [key, cell] of Object.entries(each.cells)) {
      const before = cells[key]
      if (!before || before.t < cell.t) cells[key] = cell
    }
    bySource.set(at, { ...each, cells })
  }
  return [...bySource.values()]
}

const context = { trust: (source: string): number => trustOf[source] ?? 50 }

/** The Patient that the statements add up to. */
export const shown = (...contributions: readonly Contribution[]): FhirJson =>
  foldPatient(joined(...contributions), context) ?? {}

/** What the gateway keeps beside the statements of others. */
export const projection = (key: string, data: Json): Contribution => ({
  source: 'gateway',
  key,
  i: key,
  cells: {},
  data,
})
