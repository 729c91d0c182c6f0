// A40: what becomes of the records, of everything that refers to them, and of what still arrives for them. Semantics, section 3.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestGateway, testGateway } from './gateway.ts'
import { merging, type Resource, timeAt } from './merging.ts'
import { account, mrn, msh, pid, register, segment, visit, wcl } from './messages.ts'

interface Link {
  readonly type: string
  readonly other: { readonly reference: string }
}

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
})
after(() => gateway.close())

let minute = 0
const later = () => timeAt(minute++)

const known = (value: string, more: Readonly<Record<number, string>> = {}) =>
  gateway.send(...register(value, more, { time: later() }))

const merge = (...pairs: readonly (readonly [from: string, to: string])[]) =>
  gateway.send(...merging(later(), ...pairs))

async function patient(value: string): Promise<Resource> {
  const found = await patients(value)
  assert.equal(found.length, 1, `${found.length} patients with ${value}`)
  return found[0] as Resource
}

/** Active patients that have the identifier as a current one. */
async function patients(value: string): Promise<Resource[]> {
  const all = (await gateway.all('Patient')) as Resource[]
  const has = (each: Resource) =>
    each.active !== false &&
    ((each.identifier ?? []) as { value: string; use?: string }[]).some(
      (one) => one.value === value && one.use !== 'old',
    )
  return all.filter(has)
}

const usesOf = (resource: Resource): Record<string, string | undefined> =>
  Object.fromEntries(
    (resource.identifier as { value: string; use?: string }[]).map((each) => [each.value, each.use]),
  )
const linksOf = (resource: Resource): string[] =>
  ((resource.link ?? []) as Link[]).map((each) => `${each.type} ${each.other.reference}`).sort()

/** Current resources of a type that refer to a patient anywhere. */
async function referring(rtype: string, id: string): Promise<Resource[]> {
  const all = (await gateway.all(rtype)) as Resource[]
  return all.filter((each) => JSON.stringify(each).includes(`"Patient/${id}"`))
}

const referringTypes = [
  'Encounter',
  'Account',
  'Coverage',
  'RelatedPerson',
  'Appointment',
  'ChargeItem',
] as const

const coverage = (member: string) =>
  segment('IN1', {
    1: '1',
    2: 'PPO10^Plan^L',
    3: 'PPOP^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP',
    4: 'Payer',
    16: 'DOE^JOHN^^^^^L',
    17: 'SPO^Spouse^HL70063',
    36: member,
  })

/** Visit, account, policy with its subscriber, booking and charge of one patient; a mother, too. */
async function everything(value: string): Promise<void> {
  const time = later()
  const who = { 3: mrn(value), 5: 'DOE^JANE^^^^^L', 18: account(`A-${value}`), 21: mrn(`MUM-${value}`) }
  const answers = [
    await gateway.send(
      msh({ event: 'ADT^A01^ADT_A01', time }),
      `EVN||${time}`,
      pid(who),
      segment('PV1', { 1: '1', 2: 'I', 3: '3N^301^^GHH', 19: visit(`V-${value}`) }),
      coverage(`MEM-${value}`),
    ),
    await gateway.send(...booking(value)),
    await gateway.send(...charge(value, `T-${value}`)),
  ]
  assert.deepEqual(
    answers.map((each) => each.code),
    ['AA', 'AA', 'AA'],
  )
}

function booking(value: string, event = 'S12'): string[] {
  const start = '20260306100000'
  return [
    msh({ event: `SIU^${event}^SIU_S12`, source: 'SCHED1|GHH', time: later() }),
    segment('SCH', {
      2: `F-${value}^SCHED1^2.16.840.1.113883.19.5.4^ISO`,
      16: '77^CLERK',
      25: 'Booked^Booked^HL70278',
    }),
    segment('TQ1', { 1: '1', 6: '15^min&minute&ISO+', 7: start }),
    pid({ 3: mrn(value), 5: 'DOE^JANE^^^^^L' }),
    'RGS|1|A',
    segment('AIL', { 1: '1', 2: 'A', 3: 'CLN1^EX1^^GHH', 6: start, 9: '15', 10: 'min' }),
  ]
}

function charge(value: string, line: string, more: Readonly<Record<number, string>> = {}): string[] {
  const time = later()
  return [
    msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', time }),
    `EVN||${time}`,
    pid({ 3: mrn(value), 18: account(`A-${value}`) }),
    segment('PV1', { 1: '1', 2: 'I', 19: visit(`V-${value}`) }),
    segment('FT1', {
      1: '1',
      2: `${line}^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO`,
      4: '20260302103000',
      6: 'CG',
      7: '99213^Visit^L',
      10: '1',
      11: '150.00&USD',
      ...more,
    }),
  ]
}

describe('a merge', () => {
  it('retires the source: inactive, replaced by the target, which replaces it', async () => {
    await known('A1')
    await known('A2', { 16: 'M', 7: '19991231' })
    const [target, source] = [await patient('A1'), await patient('A2')]
    assert.deepEqual((await merge(['A2', 'A1'])).errors, [])
    const all = (await gateway.all('Patient')) as Resource[]
    const retired = all.find((each) => each.id === source.id)
    assert.equal(retired?.active, false)
    assert.deepEqual(linksOf(retired as Resource), [`replaced-by Patient/${target.id}`])
    const survivor = await patient('A1')
    assert.equal(survivor.id, target.id)
    assert.deepEqual(linksOf(survivor), [`replaces Patient/${source.id}`])
    assert.deepEqual(usesOf(survivor), { A1: 'usual', A2: 'old' })
  })

  it('lets the target win whatever the times, and fills its gaps from the source', async () => {
    await known('A3', { 8: 'F' })
    await known('A4', { 5: 'NEWER^NAME^^^^^L', 8: 'M', 16: 'M', 7: '19991231' })
    await merge(['A4', 'A3'])
    const survivor = await patient('A3')
    assert.equal(survivor.gender, 'female')
    assert.equal(survivor.birthDate, '1980-01-01')
    assert.equal((survivor.name as { family: string }[])[0]?.family, 'DOE')
    assert.ok(survivor.maritalStatus)
  })

  it('does not mix the halves of one thing when it fills gaps', async () => {
    await known('A5', { 24: 'N', 30: 'Y', 7: '19800101' })
    await known('A6', { 24: 'Y', 25: '2', 29: '20260101', 7: '198501011230' })
    await merge(['A6', 'A5'])
    const survivor = await patient('A5')
    assert.equal(survivor.multipleBirthBoolean, false)
    assert.equal(survivor.multipleBirthInteger, undefined)
    assert.equal(survivor.deceasedBoolean, true)
    assert.equal(survivor.deceasedDateTime, undefined)
    assert.equal(survivor._birthDate, undefined)
  })

  it('does not make the survivor somebody whom nobody knows (PID-31)', async () => {
    await known('A15')
    await known('A16', { 31: 'Y', 16: 'M' })
    assert.match(JSON.stringify(await patient('A16')), /identity-unknown/)
    await merge(['A16', 'A15'])
    const survivor = await patient('A15')
    assert.doesNotMatch(JSON.stringify(survivor), /identity-unknown/)
    assert.ok(survivor.maritalStatus)
  })

  it('keeps the protection of either record', async () => {
    await known('A7')
    const time = later()
    await gateway.send(
      msh({ event: 'ADT^A28^ADT_A05', time }),
      `EVN||${time}`,
      pid({ 3: mrn('A8'), 5: 'DOE^JANE^^^^^L' }),
      segment('PD1', { 12: 'Y' }),
      'PV1|1|N',
    )
    assert.ok((await patient('A8')).meta)
    await merge(['A8', 'A7'])
    assert.match(JSON.stringify((await patient('A7')).meta), /"R"/)
  })

  it('that is asked for again changes nothing', async () => {
    await known('A9')
    await known('A10')
    await merge(['A10', 'A9'])
    const before = await gateway.all('Patient')
    const answer = await merge(['A10', 'A9'])
    assert.equal(answer.code, 'AA')
    assert.deepEqual(answer.errors, [])
    assert.deepEqual(await gateway.all('Patient'), before)
  })

  it('into itself, the inverse of an earlier one, and across authorities are refused and change nothing', async () => {
    await known('A11')
    await known('A12')
    await merge(['A12', 'A11'])
    await gateway.send(
      ...register('', { 3: wcl('A13'), 5: 'X^Y^^^^^L' }, { source: 'WREG|WCL', time: later() }),
    )
    const before = await gateway.all('Patient')
    assert.deepEqual((await merge(['A11', 'A11'])).errors, ['E SAME-ID MRG^1^1^1'])
    assert.deepEqual((await merge(['A11', 'A12'])).errors, ['E MERGE-CYCLE MRG^1^1^1'])
    const time = later()
    const across = await gateway.send(
      msh({ event: 'ADT^A40^ADT_A39', time }),
      `EVN||${time}`,
      pid({ 3: mrn('A11'), 5: 'DOE^JANE' }),
      segment('MRG', { 1: wcl('A13') }),
    )
    assert.deepEqual(across.errors, ['E 103 MRG^1^1^1^4'])
    assert.deepEqual(await gateway.all('Patient'), before)
  })

  it('takes all its pairs or none', async () => {
    for (const value of ['B1', 'B2', 'B3']) await known(value)
    const before = await gateway.all('Patient')
    assert.equal((await merge(['B2', 'B1'], ['B3', 'B3'])).code, 'AE')
    assert.deepEqual(await gateway.all('Patient'), before)
    assert.equal((await merge(['B2', 'B1'], ['B3', 'B1'])).code, 'AA')
    assert.deepEqual(usesOf(await patient('B1')), { B1: 'usual', B2: 'old', B3: 'old' })
  })

  it('of a chain inside one message ends at its last survivor', async () => {
    for (const value of ['B4', 'B5', 'B6']) await known(value)
    await everything('B4')
    const [first, last] = [await patient('B4'), await patient('B6')]
    assert.equal((await merge(['B4', 'B5'], ['B5', 'B6'])).code, 'AA')
    assert.deepEqual((await referring('Encounter', first.id)).length, 0)
    assert.deepEqual((await referring('Encounter', last.id)).length, 1)
  })
})

describe('sides that nobody knows', () => {
  it('an unknown target changes the identifier of the source', async () => {
    await known('C1')
    const { id } = await patient('C1')
    assert.deepEqual((await merge(['C1', 'C2'])).errors, [])
    const renamed = await patient('C2')
    assert.equal(renamed.id, id)
    assert.equal(renamed.active, true)
    assert.equal(usesOf(renamed).C1, 'old')
  })

  it('an unknown source becomes an alias: what comes for it later is the target’s', async () => {
    await known('C3')
    const { id } = await patient('C3')
    assert.deepEqual((await merge(['C4', 'C3'])).errors, [])
    const answer = await known('C4', { 16: 'M' })
    assert.deepEqual(answer.errors, ['W RETIRED-ID PID^1^3'])
    const survivor = await patient('C3')
    assert.equal(survivor.id, id)
    assert.ok(survivor.maritalStatus)
    assert.equal((await patients('C4')).length, 0)
  })

  it('of two unknown sides the alias is kept: one patient comes of both', async () => {
    assert.deepEqual((await merge(['C5', 'C6'])).errors, [])
    await known('C5')
    await known('C6')
    const all = (await gateway.all('Patient')) as Resource[]
    assert.equal(all.filter((each) => /"C[56]"/.test(JSON.stringify(each.identifier))).length, 1)
  })
})

describe('what referred to the source', () => {
  it('refers to the target: visit, account, policy, subscriber, booking, charge', async () => {
    await known('D1')
    await known('D2')
    await everything('D2')
    const [target, source] = [await patient('D1'), await patient('D2')]
    for (const rtype of referringTypes) assert.ok((await referring(rtype, source.id)).length > 0, rtype)
    await merge(['D2', 'D1'])
    for (const rtype of referringTypes) {
      assert.deepEqual(await referring(rtype, source.id), [], rtype)
      assert.ok((await referring(rtype, target.id)).length > 0, rtype)
    }
  })

  it('stays with the target when somebody speaks of it later under the target’s number', async () => {
    await known('D3')
    await known('D4')
    await everything('D4')
    const source = await patient('D4')
    await merge(['D4', 'D3'])
    // A credit touches the charge that was posted for the source; neither message names the source.
    const time = later()
    await gateway.send(
      msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', time }),
      `EVN||${time}`,
      pid({ 3: mrn('D3'), 18: account('A-D4') }),
      'FT1|1|TC-D4^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302103000||CD|99213^Visit^L|||1|150.00&USD',
    )
    const again = booking('D4', 'S14').map((line) => line.replace(mrn('D4'), mrn('D3')))
    await gateway.send(...again)
    for (const rtype of referringTypes) assert.deepEqual(await referring(rtype, source.id), [], rtype)
    const charges = (await gateway.all('ChargeItem')) as Resource[]
    assert.ok(charges.some((each) => each.status === 'not-billable'))
  })

  it('follows a chain of merges to its end, in one hop', async () => {
    for (const value of ['E1', 'E2', 'E3']) await known(value)
    await everything('E1')
    const [first, middle, last] = [await patient('E1'), await patient('E2'), await patient('E3')]
    await merge(['E1', 'E2'])
    await merge(['E2', 'E3'])
    for (const rtype of referringTypes) {
      assert.deepEqual(await referring(rtype, first.id), [], rtype)
      assert.deepEqual(await referring(rtype, middle.id), [], rtype)
      assert.ok((await referring(rtype, last.id)).length > 0, rtype)
    }
    const all = (await gateway.all('Patient')) as Resource[]
    const replacedBy = (id: string) => linksOf(all.find((each) => each.id === id) as Resource)
    assert.ok(replacedBy(first.id).includes(`replaced-by Patient/${last.id}`))
    assert.ok(replacedBy(middle.id).includes(`replaced-by Patient/${last.id}`))
    const rows = await gateway.store.db.read.query<{ value: string; id: string }>(
      'test_aliases',
      `select r.value, coalesce(m.target_id, r.id) as id from registry r
       left join merge m on m.rtype = r.rtype and m.source_id = r.id
       where r.rtype = 'Patient' and r.value in ('E1', 'E2', 'E3')`,
    )
    assert.deepEqual(new Set(rows.map((row) => row.id)), new Set([last.id]))
    const hops = await gateway.store.db.read.query<{ n: number }>(
      'test_hops',
      'select count(*)::int as n from merge m join merge next on next.source_id = m.target_id',
    )
    assert.equal(hops[0]?.n, 0)
  })
})

describe('what still comes for a retired number', () => {
  it('goes to the survivor, with a warning that names both, and never makes the double again', async () => {
    await known('F1')
    await known('F2')
    await everything('F2')
    await merge(['F2', 'F1'])
    const time = later()
    const answer = await gateway.send(
      msh({ event: 'ADT^A08^ADT_A01', time }),
      `EVN||${time}`,
      pid({ 3: mrn('F2'), 5: 'DOE^JANE^^^^^L', 13: '^PRN^PH^^1^217^5550999', 18: account('A-F2') }),
      segment('PV1', { 1: '1', 2: 'I', 19: visit('V-F2') }),
      coverage('MEM-F2'),
    )
    assert.deepEqual(answer.errors, ['W RETIRED-ID PID^1^3'])
    assert.match(answer.text, /F2.*F1/)
    assert.equal((await patients('F2')).length, 0)
    const survivor = await patient('F1')
    assert.match(JSON.stringify(survivor.telecom), /5550999/)
    assert.equal((await referring('Encounter', survivor.id)).length, 1)
    // The policy is the one that came with the record, not another one.
    assert.equal((await referring('Coverage', survivor.id)).length, 1)
    const tasks = (await gateway.all('Task')) as Resource[]
    assert.equal(
      tasks.filter(
        (each) => /late-on-retired-id/.test(JSON.stringify(each)) && /F2/.test(JSON.stringify(each)),
      ).length,
      1,
    )
  })

  it('a line that was posted before the merge is the same line after it', async () => {
    await known('F3')
    await known('F4')
    assert.equal((await gateway.send(...charge('F4', 'T-F4'))).code, 'AA')
    await merge(['F4', 'F3'])
    const answer = await gateway.send(...charge('F4', 'T-F4'))
    assert.equal(answer.code, 'AA')
    assert.deepEqual(answer.errors, ['W RETIRED-ID PID^1^3'])
    assert.equal((await referring('ChargeItem', (await patient('F3')).id)).length, 1)
  })
})
