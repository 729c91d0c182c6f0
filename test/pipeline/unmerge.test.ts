// Undoing a merge restores what was, exactly; what has happened since is asked for; two who were told apart stay apart.
// Semantics, section 3; invariant I6.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { stableId } from '../../src/canonical/identity/identifier.ts'
import type { Client } from '../../src/canonical/site.ts'
import { acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { allShown, merging, type Resource, timeAt } from './merging.ts'
import { account, mrn, msh, pid, register, segment, visit } from './messages.ts'

let gateway: TestGateway
let client: Client
let minute = 0
before(async () => {
  const site = acceptanceSite()
  client = [...site.clients.values()][0] as Client
  gateway = await testGateway(site)
})
after(() => gateway.close())

const later = () => timeAt(minute++)

/** Everything but tasks and provenance, as text by 'Type/id'. */
async function state(): Promise<Map<string, string>> {
  const out = new Map<string, string>()
  for (const each of await allShown(gateway)) out.set(`${each.resourceType}/${each.id}`, JSON.stringify(each))
  return out
}

const policy = (member: string) =>
  segment('IN1', {
    1: '1',
    2: 'PPO10^Plan^L',
    3: 'PPOP^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP',
    4: 'Payer',
    36: member,
  })

async function person(value: string, member = `MEM-${value}`): Promise<string> {
  const time = later()
  const answer = await gateway.send(
    msh({ event: 'ADT^A01^ADT_A01', time }),
    `EVN||${time}`,
    pid({ 3: mrn(value), 5: `DOE^${value}^^^^^L`, 7: '19800101', 8: 'F', 18: account(`A-${value}`) }),
    segment('PV1', { 1: '1', 2: 'I', 3: '3N^301^^GHH', 19: visit(`V-${value}`) }),
    policy(member),
  )
  assert.equal(answer.code, 'AA', answer.text)
  const time2 = later()
  await gateway.send(
    msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', time: time2 }),
    `EVN||${time2}`,
    pid({ 3: mrn(value), 18: account(`A-${value}`) }),
    segment('PV1', { 1: '1', 2: 'I', 19: visit(`V-${value}`) }),
    `FT1|1|T-${value}^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO||20260302103000|20260302103000|CG|99213^Visit^L|||1|150.00&USD`,
  )
  return idOf(value)
}

const idOf = (value: string): string => stableId('Patient', 'urn:oid:2.16.840.1.113883.19.5.1', value)

const merge = (from: string, to: string, time = later()) => gateway.send(...merging(time, [from, to]))

async function mergeProvenance(target: string): Promise<string> {
  const all = (await gateway.all('Provenance')) as (Resource & { target: { reference: string }[] })[]
  const found = all.filter(
    (each) =>
      JSON.stringify(each.activity).includes('"merge"') &&
      each.target.some(({ reference }) => reference === `Patient/${target}`),
  )
  return found.at(-1)?.id ?? ''
}

/** The clock of decisions goes on, too. */
function decideLater(): void {
  const at = new Date(Date.UTC(2026, 2, 2, 14, minute++))
  gateway.at(at.toISOString())
}

async function unmerge(target: string, onConflict: 'ask' | 'stay' | 'move' = 'ask') {
  decideLater()
  const merged = await mergeProvenance(target)
  const raw = Buffer.from(`unmerge ${minute}`)
  return await gateway.engine.decide({
    kind: 'unmerge',
    target,
    merge: merged,
    reason: 'two women',
    onConflict,
    client,
    raw,
    peer: 't',
  })
}

describe('undoing a merge', () => {
  it('with nothing in between restores everything, minus meta', async () => {
    const [target] = [await person('A1'), await person('A2')]
    const before = await state()
    assert.equal((await merge('A2', 'A1')).code, 'AA')
    assert.notDeepEqual(await state(), before)
    const undone = await unmerge(target)
    assert.equal(undone.status, 200, JSON.stringify(undone.issues))
    assert.match(undone.body ?? '', /"restored"/)
    assert.deepEqual(await state(), before)
    const again = await unmerge(target)
    assert.equal(again.status, 404)
  })

  it('also when both had the same policy: it is shown once while they are one', async () => {
    const [target] = [await person('A3', 'SAME'), await person('A4', 'SAME')]
    const before = await state()
    await merge('A4', 'A3')
    const shown = (
      (await gateway.all('Coverage')) as (Resource & { beneficiary: { reference: string } })[]
    ).filter((each) => each.beneficiary.reference === `Patient/${target}`)
    assert.equal(shown.length, 1)
    assert.equal((await unmerge(target)).status, 200)
    assert.deepEqual(await state(), before)
  })

  it('gives the record what came for its own number since', async () => {
    const [target, source] = [await person('A5'), await person('A6')]
    await merge('A6', 'A5')
    await gateway.send(...register('A6', { 5: 'DOE^A6^^^^^L', 16: 'M' }, { time: later() }))
    const survivor = ((await gateway.all('Patient')) as Resource[]).find((each) => each.id === target)
    assert.ok(survivor?.maritalStatus)
    assert.equal((await unmerge(target)).status, 200)
    const all = (await gateway.all('Patient')) as Resource[]
    assert.equal(all.find((each) => each.id === target)?.maritalStatus, undefined)
    assert.ok(all.find((each) => each.id === source)?.maritalStatus)
  })

  it('asks about what was touched since; it stays or goes, as is said; what is new stays', async () => {
    const [target, source] = [await person('A7'), await person('A8')]
    await merge('A8', 'A7')
    const time = later()
    await gateway.send(
      msh({ event: 'ADT^A02^ADT_A02', time }),
      `EVN||${time}`,
      pid({ 3: mrn('A8'), 5: 'DOE^A8^^^^^L', 18: account('A-A8') }),
      segment('PV1', { 1: '1', 2: 'I', 3: '3N^302^^GHH', 19: visit('V-A8') }),
    )
    const newer = later()
    await gateway.send(
      msh({ event: 'ADT^A04^ADT_A01', time: newer }),
      `EVN||${newer}`,
      pid({ 3: mrn('A8'), 5: 'DOE^A8^^^^^L', 18: account('B-A8') }),
      segment('PV1', { 1: '1', 2: 'O', 3: 'CLN1^EX1^^GHH', 19: visit('W-A8') }),
    )
    const asked = await unmerge(target)
    assert.equal(asked.status, 409)
    assert.ok(asked.issues.some((each) => each.diagnostics?.includes('Encounter/')))
    assert.equal((await unmerge(target, 'stay')).status, 200)
    const subjects = Object.fromEntries(
      (
        (await gateway.all('Encounter')) as (Resource & {
          subject: { reference: string }
          identifier: { value: string }[]
        })[]
      ).map((each) => [each.identifier[0]?.value, each.subject.reference]),
    )
    assert.equal(subjects['V-A8'], `Patient/${target}`)
    assert.equal(subjects['W-A8'], `Patient/${target}`)
    const charges = (await gateway.all('ChargeItem')) as (Resource & { subject: { reference: string } })[]
    assert.ok(charges.some((each) => each.subject.reference === `Patient/${source}`))
  })

  it('is remembered: an older merge does not make them one again, a newer one does', async () => {
    const target = await person('A9')
    await person('A10')
    const early = later()
    await merge('A10', 'A9', early)
    assert.equal((await unmerge(target)).status, 200)
    const excluded = JSON.stringify(await gateway.engine.exclusions(target))
    assert.match(excluded, new RegExp(`Patient/${idOf('A10')}`))
    const late = await merge('A10', 'A9', early)
    assert.deepEqual(late.errors, ['E ID-CONFLICT MRG^1^1^1'])
    const anew = await merge('A10', 'A9', '20260309120000')
    assert.equal(anew.code, 'AA', anew.text)
  })
})

describe('a merge by a client', () => {
  it('does what A40 does, and is undone likewise', async () => {
    const [target, source] = [await person('C1'), await person('C2')]
    const before = await state()
    decideLater()
    const merged = await gateway.engine.decide({
      kind: 'merge',
      source,
      target,
      client,
      raw: Buffer.from('m'),
      peer: 't',
    })
    assert.equal(merged.status, 200, JSON.stringify(merged.issues))
    const all = (await gateway.all('Patient')) as Resource[]
    assert.equal(all.find((each) => each.id === source)?.active, false)
    decideLater()
    const inverse = await gateway.engine.decide({
      kind: 'merge',
      source: target,
      target: source,
      client,
      raw: Buffer.from('i'),
      peer: 't',
    })
    assert.equal(inverse.status, 409)
    assert.equal((await unmerge(target)).status, 200)
    assert.deepEqual(await state(), before)
  })
})
