// MRG against PID, PV1: which wrong number goes with which right one (HL7 v2 ch. 3; semantics, section 3).
import type { Thing } from '../../mappings/mapped.ts'
import { type Applying, cellsAt } from '../applying.ts'
import { type ErrorCode, Refusal } from '../finding.ts'
import { type Identifier, identifierType, isDeterministic, normalValue } from './identifier.ts'
import { authorityOf } from './identity.ts'

/** One wrong number and the right one, in the registry's form. */
export interface Pair {
  readonly system: string
  readonly from: string
  readonly to: string
  readonly source: Identifier
  readonly target: Identifier
  /** Position of the wrong one: 'MRG^1^1^1'. */
  readonly where: string
}

export const refuse = (
  code: string,
  locations: readonly string[],
  text: string,
  app?: ErrorCode,
  more?: ConstructorParameters<typeof Refusal>[2],
): Refusal => new Refusal('AE', { code, locations, text, ...(app ? { app } : {}) }, more)

export const identifiersAt = (thing: Thing | undefined, paths: readonly string[]): Identifier[] =>
  paths
    .flatMap((path) => (thing ? cellsAt(thing, path) : []))
    .flatMap((cell) => (Array.isArray(cell.value) ? (cell.value as readonly Identifier[]) : []))
    .filter((each) => each.value)

/** '[system, value]' as the registry keeps a number. */
export const normal = (applying: Applying, { system = '', value = '' }: Identifier): string =>
  normalValue(value, authorityOf(applying.site, system))

/** By authority, and type, when both sides name one; else by position. What is left over is not concerned. */
export function pair(
  applying: Applying,
  prior: readonly Identifier[],
  current: readonly Identifier[],
  field: string,
): Pair[] {
  const left = [...current]
  const pairs: Pair[] = []
  for (const [i, source] of prior.entries()) {
    const where = `${field}^${i + 1}`
    if (!isDeterministic(source)) continue
    const { system } = source
    if (!system) {
      const text = `identifier ${source.value ?? ''} has no assigning authority - send CX.4`
      throw refuse('101', [`${where}^4`], text)
    }
    const same = left.filter((each) => each.system === system && isDeterministic(each))
    const byType = same.find((each) => identifierType(each) === identifierType(source))
    const target =
      byType ??
      same[0] ??
      (prior.length === 1 || left.includes(current[i] as Identifier) ? current[i] : undefined)
    if (!target?.value) continue
    if (target.system !== system) {
      throw refuse(
        '103',
        [`${where}^4`],
        'the identifiers of a merge have different assigning authorities - link the patients (A24) or merge within one authority',
      )
    }
    left.splice(left.indexOf(target), 1)
    pairs.push({
      system,
      from: normal(applying, source),
      to: normal(applying, target),
      source,
      target,
      where,
    })
  }
  return pairs
}
