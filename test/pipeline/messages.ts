// Short hands for messages of the acceptance site's sources: each says only what a test is about.

let controlIds = 0

/** A control id that no other test of this file has. */
export const nextId = (): string => `T${++controlIds}`

export interface Head {
  readonly event: string
  readonly time?: string
  readonly source?: string
  readonly id?: string
}

/** MSH of a message; time is local to the site, 'YYYYMMDDHHMMSS'. */
export function msh({ event, time = '20260302080000', source = 'ADT1|GHH', id = nextId() }: Head): string {
  return `MSH|^~\\&|${source}|PORTICO|GHH|${time}||${event}|${id}|P|2.5.1`
}

export const mrn = (value: string): string => `${value}^^^GHH&2.16.840.1.113883.19.5.1&ISO^MR`
export const wcl = (value: string): string => `${value}^^^WCL&2.16.840.1.113883.19.6.1&ISO^MR`
export const account = (value: string): string => `${value}^^^GHHACCT&2.16.840.1.113883.19.5.2&ISO^AN`
export const visit = (value: string): string => `${value}^^^GHHVN&2.16.840.1.113883.19.5.3&ISO^VN`

/** PID with fields by number: { 3: mrn('1'), 5: 'DOE^JANE^^^^^L', 8: 'F' }. */
export const segment = (name: string, fields: Readonly<Record<number, string>>): string => {
  const last = Math.max(0, ...Object.keys(fields).map(Number))
  return [name, ...Array.from({ length: last }, (_, i) => fields[i + 1] ?? '')].join('|')
}

export const pid = (fields: Readonly<Record<number, string>>): string => segment('PID', { 1: '1', ...fields })

/** A28 of a person. */
export function register(
  value: string,
  more: Readonly<Record<number, string>> = {},
  head: Partial<Head> = {},
): string[] {
  const time = head.time ?? '20260302080000'
  return [
    msh({ event: 'ADT^A28^ADT_A05', time, ...head }),
    `EVN||${time}`,
    pid({ 3: mrn(value), 5: 'DOE^JANE^^^^^L', 7: '19800101', 8: 'F', ...more }),
    'PV1|1|N',
  ]
}
