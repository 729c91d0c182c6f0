// The people and places of the made-up hospital: names, addresses, practitioners with valid NPIs, wards and clinics.
import { type Chance, chanceOf } from '../../src/generate/chance.ts'

export const given = [
  'ANA',
  'BEN',
  'CARLA',
  'DAVID',
  'ELENA',
  'FELIX',
  'GRETA',
  'HUGO',
  'IRIS',
  'JONAS',
  'KIRA',
  'LEO',
  'MARTA',
  'NILS',
  'OLGA',
  'PAVEL',
  'QUINN',
  'ROSA',
  'SAMUEL',
  'TARA',
  'ULRICH',
  'VERA',
  'WALTER',
  'XENIA',
  'YUSUF',
  'ZOE',
] as const
const starts = [
  'AB',
  'BAR',
  'CAS',
  'DEL',
  'ES',
  'FER',
  'GAL',
  'HAN',
  'IV',
  'JAN',
  'KOR',
  'LIN',
  'MOR',
  'NOV',
  'OR',
  'PET',
  'RAM',
  'SAN',
  'TOR',
  'VAL',
  'WIN',
  'ZAM',
]
const middles = ['A', 'E', 'I', 'O', 'U', 'ALI', 'ERO', 'INO', 'ULE', 'AVE', 'ETI', 'OBA']
const ends = ['BERG', 'DEZ', 'FORD', 'KOWSKI', 'LEY', 'MAN', 'NOVA', 'RAS', 'SEN', 'SON', 'TTI', 'WICZ']
const streets = [
  'MILL ST',
  'RIVER RD',
  'HARBOR LN',
  'OAK AVE',
  'CHURCH ST',
  'STATION RD',
  'LAKE DR',
  'PARK PL',
] as const
const towns = ['RIVERBEND^IL^62099', 'LAKESIDE^IL^62101', 'OAKTON^IL^62105', 'MILLBROOK^IL^62110'] as const

export interface Person {
  readonly mrn: string
  /** XPN */
  readonly name: string
  readonly family: string
  readonly born: string
  readonly sex: 'F' | 'M'
  readonly policy: string
  readonly doctor: string
  readonly kin: string
  readonly kinPhone: string
  readonly work: string
  address: string
  phones: string
  /** Moves house, or has a new phone number, or stays as is. */
  change(pick: Chance): void
}

const digits = (pick: Chance, count: number): string =>
  Array.from({ length: count }, () => pick.below(10)).join('')
const familyOf = (pick: Chance): string => `${pick.one(starts)}${pick.one(middles)}${pick.one(ends)}`
const addressOf = (pick: Chance): string =>
  `${1 + pick.below(999)} ${pick.one(streets)}^^${pick.one(towns)}^USA^H`

function phonesOf(pick: Chance, email: string): string {
  return `^PRN^PH^^1^217^${digits(pick, 7)}~^PRS^CP^^1^217^${digits(pick, 7)}~^NET^Internet^${email}`
}

export function personOf(seed: number, number: number): Person {
  const pick = chanceOf(seed * 7_919 + number)
  const family = familyOf(pick)
  const first = pick.one(given)
  const email = `${first}.${family}.${number}@example.org`.toLowerCase()
  const year = 1930 + pick.below(90)
  const two = (value: number) => String(value).padStart(2, '0')
  return {
    mrn: String(1_000_000 + number),
    name: `${family}^${first}^${pick.one(given)}^^^^L`,
    family,
    born: `${year}${two(1 + pick.below(12))}${two(1 + pick.below(28))}`,
    sex: pick.below(2) === 0 ? 'F' : 'M',
    policy: `LK${seed}${String(number).padStart(8, '0')}`,
    doctor: pick.one(practitioners),
    kin: `${family}^${pick.one(given)}^^^^^L`,
    kinPhone: digits(pick, 7),
    work: `^WPN^PH^^1^217^${digits(pick, 7)}^${digits(pick, 3)}`,
    address: addressOf(pick),
    phones: phonesOf(pick, email),
    change(how) {
      const what = how.below(4)
      if (what === 0) this.address = addressOf(how)
      if (what === 1) this.phones = phonesOf(how, email)
    },
  }
}

/** Check digit of a National Provider Identifier (45 CFR 162.406, Luhn with prefix 80840). */
function npi(base: string): string {
  const sum = [...`80840${base}`].reverse().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return `${base}${(10 - (sum % 10)) % 10}`
}

const practitionerCount = 60

/** XCN */
function practitionerOf(number: number): string {
  const pick = chanceOf(31 + number)
  return `${npi(String(123_456_000 + number))}^${familyOf(pick)}^${pick.one(given)}^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI`
}

/** Those of the wards. */
export const practitioners: readonly string[] = Array.from({ length: practitionerCount }, (_, i) =>
  practitionerOf(i),
)

export interface Consultant {
  /** XCN */
  readonly practitioner: string
  /** PL: the room in which they see people. */
  readonly room: string
}

const consultantCount = 40

/** Who can be booked at an outpatient clinic; each clinic has its own people and rooms. */
export const consultantsOf = (clinic: number): readonly Consultant[] =>
  Array.from({ length: consultantCount }, (_, i) => ({
    practitioner: practitionerOf(practitionerCount + clinic * consultantCount + i),
    room: `CLN${clinic + 1}^${String(i + 1).padStart(2, '0')}^^LKH`,
  }))

const wards = ['2N', '2S', '3N', '3S', '4N', '4S', 'ICU', 'CCU', 'MAT', 'PED'] as const

/** PL */
export const beds: readonly string[] = wards.flatMap((ward) =>
  Array.from({ length: 40 }, (_, i) => `${ward}^${300 + (i >> 1)}^${i % 2 === 0 ? 'A' : 'B'}^LKH`),
)
