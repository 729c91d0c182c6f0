// The people of a generated day. Nobody is real: telephone numbers are those kept for examples (555-01xx).
import type { Chance } from './chance.ts'

export interface Person {
  readonly number: string
  /** Of the second registration; undefined for those who never were there. */
  readonly walkin: string | undefined
  family: string
  given: string
  born: string
  sex: string
  address: string
  phone: string
  marital: string
  readonly plan: string
  readonly member: string
}

const families = [
  'ABARA',
  'BERG',
  'CASTILLO',
  'DUBOIS',
  'EKLUND',
  'FONTANA',
  'GRABOWSKI',
  'HALVORSEN',
  'IVANOVA',
  'JOHNSON',
  'KAPOOR',
  'LINDEN',
  'MORALES',
  'NGUYEN',
  "O'HARA",
  'PETROV',
] as const
const givens = [
  'ANA',
  'BEN',
  'CHLOE',
  'DEV',
  'EMMA',
  'FELIX',
  'GRACE',
  'HUGO',
  'IDA',
  'JONAS',
  'KIM',
  'LEO',
] as const
const streets = ['MILL ST', 'OAK AVE', 'RIVER RD', 'PARK PL', 'LAKE DR', 'CHURCH ST'] as const
const towns = ['RIVERBEND^IL^62099', 'LAKESIDE^IL^62101', 'OAKTON^IL^62105'] as const
export const plans = ['PPO10', 'HMO20', 'MCR30'] as const

const two = (n: number): string => String(n).padStart(2, '0')

export const addressOf = (chance: Chance): string =>
  `${1 + chance.below(999)} ${chance.one(streets)}^^${chance.one(towns)}^USA^H`
export const phoneOf = (chance: Chance): string => `^PRN^PH^^1^217^55501${two(chance.below(100))}`

export function personOf(chance: Chance, index: number): Person {
  const number = String(500_001 + index)
  return {
    number,
    walkin: chance.happens(0.3) ? `W${number}` : undefined,
    family: chance.one(families),
    given: chance.one(givens),
    born: `${1930 + chance.below(90)}${two(1 + chance.below(12))}${two(1 + chance.below(28))}`,
    sex: chance.one(['F', 'M']),
    address: addressOf(chance),
    phone: phoneOf(chance),
    marital: chance.one(['M', 'S', 'D', 'W']),
    plan: chance.one(plans),
    member: `MB${number}`,
  }
}
