// $lineage: message, position, bytes, row, code and maps of every value, who lost and why; without values, of every version,
// and after the message is purged (issue Mapping, point 5).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { mrn, msh, pid, segment, visit } from '../pipeline/messages.ts'
import { type TestApp, testApp } from './setup.ts'

interface Part {
  readonly name: string
  readonly valueString?: string
  readonly valueInteger?: number
  readonly valueUri?: string
  readonly part?: readonly Part[]
}

let app: TestApp
let patient = ''
const first = [
  msh({ event: 'ADT^A01^ADT_A01', id: 'LIN1' }),
  'EVN||20260302080000',
  pid({ 3: mrn('L1'), 5: 'GRÜN^JANE^Q^^^^L', 7: '19800101', 8: 'F', 11: '1 A ST^^SPRINGFIELD^IL', 16: 'M' }),
  segment('PV1', { 1: '1', 2: 'I', 3: 'A^1^1', 19: visit('V1') }),
]
before(async () => {
  app = await testApp()
  await app.send(...first)
  await app.send(
    msh({ event: 'ADT^A31^ADT_A05', id: 'LIN2', source: 'SCHED1|GHH', time: '20260302090000' }),
    'EVN||20260302090000',
    pid({ 3: mrn('L1'), 5: 'GREEN^JANE^^^^^L', 8: 'F', 11: '2 B ST^^CHATHAM^IL' }),
  )
  const found = await app.all('Patient')
  patient = String(found[0]?.id)
})
after(() => app.close())

async function lineage(path: string): Promise<readonly Part[]> {
  const { status, body } = await app.ask(path)
  assert.equal(status, 200, path)
  return body.parameter as unknown as readonly Part[]
}
const part = (of: Part | undefined, name: string): string | number | undefined => {
  const found = of?.part?.find((each) => each.name === name)
  return found?.valueString ?? found?.valueInteger ?? found?.valueUri
}
const spans = (of: Part | undefined): readonly Part[] => of?.part?.filter(({ name }) => name === 'span') ?? []

describe('$lineage of a resource', () => {
  it('names message, control id, maps, and where an operator finds the message', async () => {
    const [value] = await lineage(`/fhir/Patient/${patient}/$lineage?path=maritalStatus`)
    assert.equal(value?.name, 'value')
    assert.equal(part(value, 'source'), 'ADT1|GHH')
    assert.equal(part(value, 'control-id'), 'LIN1')
    assert.equal(part(value, 'event'), 'ADT^A01')
    assert.match(String(part(value, 'maps')), /^[0-9a-f]{16}$/)
    const { body } = await app.ask(String(part(value, 'message-url')))
    assert.equal(body.controlId, 'LIN1')
  })

  it('has row, table and code of each part, and bytes that hold what was sent, UTF-8 or not', async () => {
    const raw = Buffer.from(`${first.join('\r')}\r`)
    const [name] = await lineage(`/fhir/Patient/${patient}/$lineage?path=name`)
    const sent = spans(name).map((span) => {
      const [start, end] = [Number(part(span, 'byte-start')), Number(part(span, 'byte-end'))]
      return [part(span, 'fhir'), part(span, 'v2'), raw.subarray(start, end).toString()]
    })
    assert.deepEqual(sent, [
      ['name[0].use', 'PID-5[1].7', 'L'],
      ['name[0].family', 'PID-5[1].1.1', 'GRÜN'],
      ['name[0].given[0]', 'PID-5[1].2', 'JANE'],
      ['name[0].given[1]', 'PID-5[1].3', 'Q'],
    ])
    const [marital] = await lineage(`/fhir/Patient/${patient}/$lineage?path=maritalStatus`)
    const [code] = spans(marital)
    assert.deepEqual([part(code, 'table'), part(code, 'table-row')], ['MaritalStatus', 'M'])
    assert.match(String(part(code, 'row')), /^PID\[Patient\]#\d+$/)
  })

  it('says which assertion lost, and why: by trust, by time', async () => {
    const [winner, loser] = await lineage(`/fhir/Patient/${patient}/$lineage?path=name`)
    assert.deepEqual([part(winner, 'source'), part(loser, 'source')], ['ADT1|GHH', 'SCHED1|GHH'])
    assert.equal(part(loser, 'why'), 'less trusted (70, the winner has 90)')
    const [address, older] = await lineage(`/fhir/Patient/${patient}/$lineage?path=address`)
    assert.deepEqual([part(address, 'control-id'), part(older, 'control-id')], ['LIN2', 'LIN1'])
    assert.equal(part(older, 'why'), 'older')
  })

  it('covers what no field says: the status of a visit follows from its events', async () => {
    const [encounter] = await app.all('Encounter')
    const [status] = await lineage(`/fhir/Encounter/${String(encounter?.id)}/$lineage?path=status`)
    assert.equal(part(status, 'control-id'), 'LIN1')
    assert.match(String(part(status, 'why')), /follows from the events, ADT\^A01/)
    const all = await lineage(`/fhir/Encounter/${String(encounter?.id)}/$lineage`)
    const told = new Set(all.map((each) => String(part(each, 'path')).replace(/[.(].*$/s, '')))
    const missing = Object.keys(encounter ?? {}).filter(
      (element) => !told.has(element) && !['resourceType', 'id', 'meta'].includes(element),
    )
    assert.deepEqual(missing, [])
  })

  it('says nothing of values', async () => {
    const { text } = await app.ask(`/fhir/Patient/${patient}/$lineage`)
    assert.doesNotMatch(text, /GRÜN|GREEN|SPRINGFIELD|CHATHAM|19800101/)
  })
})

describe('$lineage of an older version', () => {
  it('says which version and message brought each value', async () => {
    const [address] = await lineage(`/fhir/Patient/${patient}/_history/1/$lineage?path=address`)
    assert.deepEqual([part(address, 'control-id'), part(address, 'v2')], ['LIN1', 'PID-11[1].1'])
    assert.equal(part(address, 'why'), 'has been so since version 1')
    assert.equal((await app.ask(`/fhir/Patient/${patient}/_history/99/$lineage`)).status, 404)
    assert.equal((await app.ask(`/fhir/Patient/${patient}/_history/x/$lineage`)).status, 404)
  })
})

describe('when retention has dropped the messages', () => {
  it('source, control id, maps, positions and rows stay known; the link and the bytes go', async () => {
    await app.store.db.transaction((tx) => tx.execute('test_purge', 'delete from message', []))
    const [name] = await lineage(`/fhir/Patient/${patient}/$lineage?path=name`)
    assert.deepEqual(
      ['source', 'control-id', 'event', 'v2'].map((each) => part(name, each)),
      ['ADT1|GHH', 'LIN1', 'ADT^A01', 'PID-5[1].7'],
    )
    assert.match(String(part(name, 'maps')), /^[0-9a-f]{16}$/)
    assert.equal(part(name, 'message-url'), undefined)
    assert.equal(spans(name).length > 2, true)
  })
})
