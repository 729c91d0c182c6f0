// The desk of the tests of merges: a registry, a scheduler and a billing system speak, each message a minute later; and what
// is then read.
import assert from 'node:assert/strict'
import { type Resource, timeAt } from '../pipeline/merging.ts'
import { account, mrn, msh, pid, segment, visit } from '../pipeline/messages.ts'
import type { TestApp } from './setup.ts'

type Fields = Readonly<Record<number, string>>
let minute = 0
export const later = () => timeAt(++minute)

export function desk(get: () => TestApp) {
  const tell = (event: string, ...segments: readonly string[]) => {
    const time = later()
    return get().send(msh({ event, time }), `EVN||${time}`, ...segments)
  }
  const who = (value: string, more: Fields = {}) =>
    pid({ 3: mrn(value), 5: `DOE^${value}^^^^^L`, 7: '19800101', 8: 'F', ...more })
  const person = (value: string, more: Fields = {}) => tell('ADT^A31^ADT_A05', who(value, more), 'PV1|1|N')
  const admit = (value: string, acct = `A-${value}`, vn = `V-${value}`, more: Fields = {}) =>
    tell(
      'ADT^A01^ADT_A01',
      who(value, { 18: account(acct) }),
      segment('PV1', { 1: '1', 2: 'I', 19: visit(vn), ...more }),
    )
  const join = (event: string, right: Fields, prior: Fields, ...more: readonly string[]) =>
    tell(event, segment('PID', { 1: '1', 5: 'DOE^JANE^^^^^L', ...right }), segment('MRG', prior), ...more)
  const merge = (from: string, to: string, right: Fields = {}) =>
    join('ADT^A40^ADT_A39', { 3: mrn(to), ...right }, { 1: mrn(from) })
  const bill = (value: string, line: string, kind: string, amount: string) => {
    const time = later()
    return get().send(
      msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', time }),
      `EVN||${time}`,
      who(value, { 18: account(`A-${value}`) }),
      `FT1|1|${line}^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302103000|20260302103000|${kind}|99213^Visit^L|||1|${amount}&USD`,
    )
  }
  const book = (value: string, start: string, event = 'S12') =>
    get().send(
      msh({ event: `SIU^${event}^SIU_S12`, source: 'SCHED1|GHH', time: later() }),
      segment('SCH', { 2: `F-${value}^SCHED1^2.16.840.1.113883.19.5.4^ISO`, 25: 'Booked^^HL70278' }),
      segment('TQ1', { 1: '1', 6: '30^min', 7: start }),
      who(value),
    )

  async function one(rtype: string, holds: string): Promise<Resource> {
    const all = (await get().all(rtype)) as Resource[]
    const found = all.filter((each) => JSON.stringify(each.identifier ?? []).includes(`"${holds}"`))
    const live = found.find((each) => each.active !== false && each.status !== 'inactive') ?? found[0]
    assert.ok(live, `no ${rtype} ${holds}`)
    return live
  }
  const recordOf = async (value: string): Promise<Resource> => {
    const all = (await get().all('Patient')) as (Resource & { name?: { given?: string[] }[] })[]
    const found = all.find((each) => JSON.stringify(each.name ?? []).includes(`"${value}"`))
    assert.ok(found, `no Patient ${value}`)
    return found
  }
  const tasks = async (code: string): Promise<Resource[]> =>
    ((await get().all('Task')) as Resource[]).filter((each) =>
      JSON.stringify(each.code).includes(`"${code}"`),
    )
  const ids = async (path: string): Promise<string[]> => {
    const { body } = await get().ask(`/fhir/${path}`)
    return ((body.entry ?? []) as unknown as { resource: Resource }[]).map(({ resource }) => resource.id)
  }
  return { tell, who, person, admit, join, merge, bill, book, one, recordOf, tasks, ids }
}
