// A code that FHIR cannot do without and no table has: the message is held, a Task asks for the code, the row in a table
// of the site releases exactly the held messages (issue Mapping, point 3; semantics, section 14). Over real MLLP.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { type Running, startGateway } from '../../src/main.ts'
import { framed, Wire } from '../adapters/mllp/wire.ts'
import { type TestDatabase, testDatabase } from '../database.ts'
import { shared } from '../shared.ts'
import { mrn, msh, pid, segment } from './messages.ts'

type Json = Record<string, unknown>
interface TaskBody {
  readonly status: string
  readonly description: string
  readonly input: readonly { readonly type: { readonly text: string } }[]
}

let store: TestDatabase
let folder: string
let running: Running
let wire: Wire
before(async () => {
  store = await testDatabase()
})
after(() => store.drop())
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portico-held-'))
  writeFileSync(join(folder, 'site.json'), siteWith())
  await start()
  await admin('POST', '/admin/reset')
})
afterEach(async () => {
  await stop()
  rmSync(folder, { recursive: true })
})

/** The acceptance site with a source that is answered before its messages are applied. */
function siteWith(): string {
  const site = JSON.parse(readFileSync(shared('acceptance/site.json'), 'utf8')) as { sources: Json[] }
  const sources = site.sources.map((each) =>
    each.id === 'WREG|WCL' ? { ...each, acknowledge: 'after-commit' } : each,
  )
  return JSON.stringify({ ...site, sources })
}

async function start(): Promise<void> {
  running = await startGateway({
    DATABASE_URL: store.url,
    DATABASE_SCHEMA: store.schema,
    SITE: join(folder, 'site.json'),
    HTTP_PORT: '0',
    MLLP_PORT: '0',
    LOG_LEVEL: 'silent',
    CLOCK: 'manual',
  })
  wire = await Wire.to(running.mllpPort)
}

async function stop(): Promise<void> {
  wire.close()
  await running.close()
}

async function admin(method: string, path: string): Promise<Json> {
  const answer = await fetch(`http://127.0.0.1:${running.httpPort}${path}`, {
    method,
    headers: { authorization: 'Bearer acceptance-token' },
  })
  return (await answer.json()) as Json
}

async function search<T>(query: string): Promise<T[]> {
  const bundle = (await admin('GET', `/fhir/${query}`)) as { entry?: { resource: T }[] }
  return (bundle.entry ?? []).map(({ resource }) => resource)
}

let replies = 0
let sentOn: Wire | undefined
async function send(...segments: string[]): Promise<string> {
  if (sentOn !== wire) replies = 0
  sentOn = wire
  wire.write(framed(`${segments.join('\r')}\r`))
  const frames = await wire.replies(++replies)
  return frames.at(-1) ?? ''
}

/** An admission of a patient with a class and a sex. */
const pv1 = (fields: Readonly<Record<number, string>>) => segment('PV1', { 1: '1', ...fields })
let number = 0
const admit = (name: string, more: { pv2?: string; sex?: string; at?: string; source?: string } = {}) => {
  const { pv2 = 'I', sex = 'F', at = '20260302081500', source = 'ADT1|GHH' } = more
  const id = `HELD${++number}`
  return [
    msh({ event: 'ADT^A01^ADT_A01', source, id, time: at }),
    `EVN||${at}`,
    pid({ 3: mrn(name), 5: `DOE^${name}^^^^^L`, 8: sex }),
    pv1({ 2: pv2, 19: `V${name}^^^GHHVN^VN` }),
  ]
}

const table = (file: string, name: string, system: string, rows: Record<string, string>): void => {
  mkdirSync(join(folder, 'tables'), { recursive: true })
  const element = Object.entries(rows).map(([code, to]) => ({ code, target: [{ code: to }] }))
  const map = { resourceType: 'ConceptMap', name, status: 'active', group: [{ target: system, element }] }
  writeFileSync(join(folder, 'tables', file), JSON.stringify(map))
}
const mapClass = (rows: Record<string, string>) =>
  table(
    'class.json',
    'PatientClass[EncounterClass]',
    'http://terminology.hl7.org/CodeSystem/v3-ActCode',
    rows,
  )
const mapSex = (rows: Record<string, string>) =>
  table('sex.json', 'AdministrativeSex', 'http://hl7.org/fhir/administrative-gender', rows)

/** The files are looked at every second; then everything that follows from them is done. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await condition())) if (Date.now() > deadline) throw new Error('it never came')
}
const idle = () => until(async () => (await admin('GET', '/admin/idle')).idle === true)
const states = async (): Promise<string[]> => {
  const rows = await store.db.read.query<{ state: string }>(
    'test_states',
    'select state from message where tenant = 1 order by received_at, id',
    [],
  )
  return rows.map(({ state }) => state)
}
const tasks = () => search<TaskBody>('Task?code=unmapped-code&_sort=authored-on')
const inputOf = (task: TaskBody | undefined, name: string): unknown => {
  const found = task?.input.find((each) => each.type.text === name) as Json | undefined
  return found && Object.entries(found).find(([key]) => key.startsWith('value'))?.[1]
}

describe('a code that a required element needs and no table has', () => {
  it('holds the message with AE 103, and one Task counts what waits for it', async () => {
    const answer = await send(...admit('ANN', { pv2: 'Q' }))
    assert.match(answer, /MSA\|AE\|/)
    assert.match(answer, /ERR\|\|PV1\^1\^2\|103[^|]*\|E\|CODE-HELD.*is held/)
    await send(...admit('BOB', { pv2: 'Q' }))
    await idle()
    assert.deepEqual(await states(), ['held', 'held'])
    const [task, ...others] = await tasks()
    assert.equal(others.length, 0)
    assert.equal(task?.status, 'requested')
    assert.match(
      task?.description ?? '',
      /code "Q" of ADT1\|GHH is not in table PatientClass\[EncounterClass\]/,
    )
    const inputs = ['count', 'waiting', 'required', 'position', 'example'].map((name) => inputOf(task, name))
    assert.deepEqual(inputs, [2, 2, true, 'PV1-2', { value: `HELD${number - 1}` }])
    assert.doesNotMatch(JSON.stringify(task), /ANN|BOB|DOE/, 'nothing of the patients')
    assert.equal((await search('Encounter')).length, 0)
  })

  it('releases them, in order, when the row is added to a table of the running site; nobody else is run again', async () => {
    const sent = admit('CID', { pv2: 'Q' })
    await send(...sent)
    await send(...admit('CID', { pv2: 'Q', at: '20260302091500' }))
    await send(...admit('DAN', { pv2: 'ZZ' }))
    await send(...admit('EVE'))
    await idle()
    assert.deepEqual(await states(), ['held', 'held', 'held', 'processed'])
    mapClass({ Q: 'IMP' })
    await until(async () => (await states()).join() === 'processed,processed,held,processed')
    await idle()
    const visits = await search<{ class: { code: string }; id: string }>('Encounter')
    assert.deepEqual(
      visits.map((each) => each.class.code),
      ['IMP', 'IMP'],
    )
    const byCode = new Map((await tasks()).map((task) => [inputOf(task, 'code'), task]))
    assert.equal(byCode.get('Q')?.status, 'completed')
    assert.equal(inputOf(byCode.get('Q'), 'waiting'), 0)
    assert.equal(byCode.get('ZZ')?.status, 'requested')
    const attempts = await store.db.read.query<{ attempts: number }>(
      'test_attempts',
      'select attempts from message where tenant = 1 order by received_at, id',
      [],
    )
    assert.deepEqual(
      attempts.map((each) => each.attempts),
      [1, 1, 0, 0],
    )
    assert.match(await send(...sent), /MSA\|AA\|/, 'the answer to a resend is that of today')
  })

  it('of which a message has two waits for both', async () => {
    await send(...admit('FAY', { pv2: 'Q', sex: '9' }))
    await idle()
    assert.equal((await tasks()).length, 2)
    mapSex({ 9: 'unknown' })
    await until(async () => (await tasks()).some(({ status }) => status === 'completed'))
    await idle()
    assert.deepEqual(await states(), ['held'])
    const open = (await tasks()).filter(({ status }) => status === 'requested')
    assert.deepEqual(
      open.map((task) => [inputOf(task, 'code'), inputOf(task, 'waiting')]),
      [['Q', 1]],
    )
    mapClass({ Q: 'IMP' })
    await until(async () => (await states()).join() === 'processed')
    await idle()
    assert.deepEqual(
      (await tasks()).map(({ status }) => status),
      ['completed', 'completed'],
    )
  })

  it('holds a message of a source that was answered before, too', async () => {
    const answer = await send(...admit('GUS', { pv2: 'Q', source: 'WREG|WCL' }))
    assert.match(answer, /MSA\|AA\|/)
    await until(async () => (await states()).join() === 'held')
    await idle()
    assert.equal((await tasks()).length, 1)
    mapClass({ Q: 'IMP' })
    await until(async () => (await states()).join() === 'processed')
    await idle()
  })

  it('is found in the tables that changed while nothing ran', async () => {
    await send(...admit('HAL', { pv2: 'Q' }))
    await idle()
    await stop()
    mapClass({ Q: 'IMP' })
    await start()
    await until(async () => (await states()).join() === 'processed')
    await idle()
    assert.deepEqual(
      (await tasks()).map(({ status }) => status),
      ['completed'],
    )
  })

  it('leaves nobody waiting when retention has dropped the message', async () => {
    await send(...admit('HUE', { pv2: 'Q' }))
    await idle()
    await stop()
    await store.db.transaction((tx) => tx.execute('test_purge', 'delete from message where tenant = 1', []))
    await start()
    await until(async () => (await tasks())[0]?.status === 'completed')
  })

  it('is mapped by the codes of the source in the site file as well', async () => {
    await send(...admit('IDA', { sex: '9' }))
    await idle()
    const site = JSON.parse(siteWith()) as { sources: Json[] }
    const sources = site.sources.map((each) =>
      each.id === 'ADT1|GHH' ? { ...each, codes: { HL70001: { 9: 'U' } } } : each,
    )
    writeFileSync(join(folder, 'site.json'), JSON.stringify({ ...site, sources }))
    await until(async () => (await states()).join() === 'processed')
  })
})

describe('a code that FHIR can do without', () => {
  it('is kept as sent with a warning, and has a Task that the table completes', async () => {
    const message = admit('JIM')
    message[2] = pid({ 3: mrn('JIM'), 5: 'DOE^JIM^^^^^L', 8: 'M', 16: 'XX' })
    assert.match(await send(...message), /MSA\|AA\|.*UNMAPPED-CODE/s)
    await idle()
    const [task] = await tasks()
    assert.equal(inputOf(task, 'required'), false)
    assert.match(task?.description ?? '', /kept as it was sent/)
    table('marital.json', 'MaritalStatus', 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', {
      XX: 'T',
    })
    await until(async () => (await tasks())[0]?.status === 'completed')
    assert.deepEqual(await states(), ['processed'])
  })
})

describe('a message that is wrong in other ways as well', () => {
  it('is refused, not held: no table would mend it', async () => {
    const answer = await send(
      msh({ event: 'ADT^A01^ADT_A01', id: `HELD${++number}` }),
      'EVN||20260302081500',
      pid({ 3: mrn('KIM'), 5: 'DOE^KIM^^^^^L', 7: 'spring', 8: 'F' }),
      pv1({ 2: 'Q', 19: 'VKIM^^^GHHVN^VN' }),
    )
    assert.match(answer, /MSA\|AE\|/)
    assert.doesNotMatch(answer, /CODE-HELD|is held/)
    await idle()
    assert.deepEqual(await states(), ['rejected'])
    assert.equal((await tasks()).length, 0)
  })
  it('also when it lacks what the rules ask for (PID-3): both are said at once', async () => {
    const answer = await send(
      msh({ event: 'ADT^A01^ADT_A01', id: `HELD${++number}` }),
      'EVN||20260302081500',
      pid({ 5: 'DOE^KIM^^^^^L', 8: 'F' }),
      pv1({ 2: 'Q', 19: 'VKIM^^^GHHVN^VN' }),
    )
    assert.match(answer, /ERR\|\|PV1\^1\^2\|103/)
    assert.match(answer, /ERR\|\|PID\^1\^3\|101/)
    assert.doesNotMatch(answer, /CODE-HELD|is held/)
    await idle()
    assert.deepEqual(await states(), ['rejected'])
  })
})

describe('a charge of a type that no table has', () => {
  it('is held: what waits for its code is not missing', async () => {
    const answer = await send(
      msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', id: `HELD${++number}` }),
      'EVN||20260302081500',
      pid({ 3: mrn('LOU'), 5: 'DOE^LOU^^^^^L', 18: 'ALOU^^^GHHACCT^AN' }),
      segment('FT1', {
        1: '1',
        2: 'TLOU^^^BILL1TX',
        4: '20260302081500',
        6: 'ZZ',
        7: '99213',
        11: '1.00&USD',
      }),
    )
    assert.match(answer, /MSA\|AE\|.*FT1\^1\^6\|103.*CODE-HELD/s)
    assert.doesNotMatch(answer, /\|101/)
    await idle()
    assert.deepEqual(await states(), ['held'])
  })
})

describe('a message of a sender that the site does not know', () => {
  it('names the maps in force, as every message does', async () => {
    await send(
      msh({ event: 'ADT^A01^ADT_A01', source: 'NOBODY|X', id: `HELD${++number}` }),
      pid({ 3: mrn('K') }),
    )
    await idle()
    const rows = await store.db.read.query<{ hash: string | null }>(
      'test_hash',
      'select maps_hash as hash from message',
    )
    assert.match(rows[0]?.hash ?? '', /^[0-9a-f]{64}$/)
  })
})
