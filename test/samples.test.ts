// The samples and the demo site: complete, well-formed, at the right positions, and described truthfully.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { splitBatch } from '../src/hl7/batch.ts'
import { decodeBytes } from '../src/hl7/charset.ts'
import { readHeader } from '../src/hl7/header.ts'
import { type Message, parseMessage } from '../src/hl7/message.ts'
import { loadMaps } from '../src/mappings/engine/load.ts'
import { shared } from './shared.ts'

const root = resolve(import.meta.dirname, '..')
const folder = join(root, 'samples')
const tables = join(root, 'src/mappings/tables')

interface Site {
  authorities: { namespace: string; system: string; aliases?: string[] }[]
  sources: { id: string; token: string }[]
  clients: { id: string; token: string }[]
}

/** Every event that a message map of the program serves. */
const events = loadMaps({ base: join(root, 'src/mappings') }).flatMap((each) => each.events ?? [])
const readJson = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), 'utf8'))
const site = readJson(root, 'profiles/sites/demo/site.json') as Site

interface Sample {
  readonly file: string
  readonly text: string
  readonly messages: readonly Message[]
}

function readSample(path: string): Sample {
  const decoded = decodeBytes(readFileSync(path))
  assert.ok('text' in decoded, path)
  const messages = splitBatch(decoded.text).messages.flatMap((text) => {
    const parsed = parseMessage(text)
    return 'message' in parsed ? [parsed.message] : []
  })
  return { file: relative(folder, path), text: decoded.text, messages }
}

const samples = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.hl7') && statSync(join(folder, file)).isFile())
  .sort()
  .map((file) => readSample(join(folder, file)))

const accepted = samples.filter(({ file }) => !file.startsWith('invalid/'))
const clean = accepted.filter(({ file }) => !file.startsWith('edge/'))

function sample(start: string): Message {
  const found = samples.find(({ file }) => file.startsWith(start))
  assert.ok(found?.messages[0], start)
  return found.messages[0]
}

describe('the samples', () => {
  it('are at least thirty, and each is in the README with its acknowledgement', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    const rows = [...readme.matchAll(/^\| \[(\S+?)\]\((\S+?)\) \| .+ \| (.+?) \|$/gm)]
    assert.ok(samples.length >= 30)
    assert.deepEqual(
      rows.map(([, text]) => text),
      samples.map(({ file }) => file),
    )
    for (const [, text, link, ack = ''] of rows) {
      assert.equal(text, link)
      const acks =
        /^(AA(, AA)*|AA, W [A-Z-]+ [A-Z0-9]{3}\^1\^\d+|A[ER] \d{3}( [A-Z-]+)?( [A-Z0-9]{3}\^1\^\d+)?)$/
      assert.match(ack, acks, text)
      assert.equal(/^A[ER]/.test(ack), text?.startsWith('invalid/'), text)
    }
  })

  it('show every event that is mapped', () => {
    const shown = new Set(
      // A query is answered to subscribers, of which the demo site has none: its sample is refused.
      [...accepted, ...samples.filter(({ file }) => file.includes('query'))].flatMap(({ messages }) =>
        messages.map((message) => `${message.get('MSH-9.1')}^${message.get('MSH-9.2')}`),
      ),
    )
    for (const event of events) assert.ok(shown.has(event), event)
  })

  it('come from sources of the demo site', () => {
    const sources = new Set(site.sources.map(({ id }) => id))
    for (const { file, messages } of samples) {
      for (const message of messages) assert.ok(sources.has(readHeader(message).source), file)
    }
  })

  it('have a control id of their own, but for the resend and the reuse', () => {
    const seen = new Map<string, string>()
    for (const { file, messages } of samples) {
      if (file.startsWith('edge/18-') || file.startsWith('invalid/09-')) continue
      for (const message of messages) {
        const id = `${message.get('MSH-3')} ${message.get('MSH-10')}`
        assert.equal(seen.get(id), undefined, `${file} ${id}`)
        seen.set(id, file)
      }
    }
    const first = join(folder, '01-adt/01-a28-register-person.hl7')
    assert.deepEqual(readFileSync(join(folder, 'edge/18-resend.hl7')), readFileSync(first))
  })

  it('end their segments with a carriage return, but for the one that shows line feeds', () => {
    for (const { file, text } of samples) {
      assert.equal(text.includes('\n'), file === 'edge/02-lf-terminators.hl7', file)
    }
  })

  it('have visit, account, policy, status and procedure at the positions of the standard', () => {
    const at = (start: string, path: string): string | undefined => sample(start).get(path)
    assert.equal(at('01-adt/04', 'PID-18.1'), 'A200001')
    assert.equal(at('01-adt/04', 'PV1-3.1'), '3N')
    assert.equal(at('01-adt/04', 'PV1-19.1'), 'V200001')
    assert.equal(at('01-adt/04', 'PV1-44'), '20260303090500')
    assert.equal(at('01-adt/05', 'PV1-6.1'), '3N')
    assert.equal(at('01-adt/07', 'PV1-36.1'), '01')
    assert.equal(at('01-adt/07', 'PV1-45'), '20260305105500')
    assert.equal(at('01-adt/03', 'PV2-8'), '20260303090000')
    assert.equal(at('01-adt/01', 'PD1-4.2'), 'OKONKWO')
    assert.equal(at('01-adt/01', 'NK1-7.1'), 'C')
    assert.equal(at('01-adt/01', 'GT1-11.1'), 'SEL')
    assert.equal(at('01-adt/01', 'IN1-3.1'), 'MIDWESTHP')
    assert.equal(at('01-adt/01', 'IN1-15.1'), 'PPO')
    assert.equal(at('01-adt/01', 'IN1-17.1'), 'SEL')
    assert.equal(at('01-adt/01', 'IN1-22'), '1')
    assert.equal(at('01-adt/01', 'IN1-36'), 'MW445566701')
    assert.equal(at('01-adt/01', 'IN1-49.1'), 'MW445566701')
    assert.equal(at('01-adt/02', 'IN2-61.1'), 'MW445566703')
    assert.equal(at('01-adt/02', 'IN2-72.1'), '03')
    assert.equal(at('01-adt/12', 'MRG-1.1'), '100005')
    assert.equal(at('02-siu/01', 'SCH-2.1'), 'FA500001')
    assert.equal(at('02-siu/01', 'SCH-25.1'), 'Booked')
    assert.equal(at('02-siu/01', 'TQ1-7'), '20260316140000')
    assert.equal(at('02-siu/04', 'AIS-10.1'), 'Booked')
    assert.equal(at('02-siu/04', 'AIG-14.1'), 'Booked')
    assert.equal(at('02-siu/04', 'AIL-12.1'), 'Booked')
    assert.equal(at('02-siu/04', 'AIP-12.1'), 'Booked')
    assert.equal(at('02-siu/12', 'PV1-50.1'), 'FA500001')
    assert.equal(at('03-dft/01', 'FT1-2.1'), 'T300001')
    assert.equal(at('03-dft/01', 'FT1-6'), 'CG')
    assert.equal(at('03-dft/01', 'FT1-11.1.1'), '150.00')
    assert.equal(at('03-dft/01', 'FT1-19.1'), 'M16.11')
    assert.equal(at('03-dft/01', 'FT1-25.3'), 'C4')
    assert.equal(at('03-dft/04', 'FT1-30.1'), 'CHK77120')
    assert.equal(at('edge/08', 'PID-21.1'), '100030')
    assert.equal(at('edge/08', 'PID-24'), 'Y')
    assert.equal(at('edge/08', 'PID-25'), '1')
    assert.equal(at('edge/01', 'PID-13[2].4'), 'susan.field@example.org')
    assert.equal(at('edge/03', 'PID-5.1.1'), 'MÜLLER')
    assert.equal(at('edge/04', 'PID-11.1.1'), 'C/O BAKER & SONS')
    assert.equal(at('edge/15', 'PID-14'), '""')
  })

  it('use codes that the tables know wherever they name an HL7 table', () => {
    const known = new Map<string, Set<string>>()
    for (const file of readdirSync(tables).filter((name) => name.endsWith('.json'))) {
      const map = readJson(tables, file) as { group?: { source?: string; element: { code: string }[] }[] }
      for (const group of map.group ?? []) {
        const codes = known.get(group.source ?? '') ?? new Set<string>()
        for (const { code } of group.element) codes.add(code)
        known.set(group.source ?? '', codes)
      }
    }
    // Race and ethnicity are the realm's; names of files, kinds of places, actions and the like are not translated.
    const realm = new Set(['0005', '0189', '0175', '0260', '0287', '0323', '0324', '0334'])
    for (const { file, text } of clean) {
      for (const [, code = '', table = ''] of text.matchAll(/[|~]([^|^~\r]+)\^[^|^~\r]*\^HL7(\d{4})/g)) {
        if (realm.has(table)) continue
        const codes = known.get(`http://terminology.hl7.org/CodeSystem/v2-${table}`)
        assert.ok(codes?.has(code), `${file} ${code} of ${table}`)
      }
    }
  })

  it('name authorities that the demo site knows', () => {
    const systems = new Map(
      site.authorities.map(({ namespace, system, aliases }) => [namespace, [system, ...(aliases ?? [])]]),
    )
    for (const { file, text } of accepted) {
      for (const [, namespace = '', oid = ''] of text.matchAll(/([A-Z0-9]+)[&%]([0-9.]{9,})[&%]ISO/g)) {
        assert.ok(systems.get(namespace)?.includes(`urn:oid:${oid}`), `${file} ${namespace}`)
      }
    }
  })

  it('add up: what the account of the check-up owes in the end is 35.00', () => {
    const sign: Record<string, number> = { CG: 1, CD: -1, PY: -1, CO: -1, AJ: 1 }
    let cents = 0
    for (const { messages } of samples.filter(({ file }) => file.startsWith('03-dft/'))) {
      for (const message of messages) {
        message.all('FT1').forEach((_, index) => {
          const type = message.get(`FT1[${index + 1}]-6`) ?? ''
          const amount = message.get(`FT1[${index + 1}]-11.1.1`)
          cents += (sign[type] ?? Number.NaN) * Math.round(Number(amount) * 100)
        })
      }
    }
    assert.equal(cents, 3500)
  })
})

interface SiteSchema {
  readonly $defs: { readonly system: { pattern: string } }
}

describe('the site schema', () => {
  const schema = readJson(root, 'profiles/sites/site.schema.json') as object
  const ajv = new Ajv2020({ strict: true, allErrors: true })
  formats.default(ajv)

  it('takes the demo site and the site of the acceptance suite', () => {
    const validate = ajv.compile(schema)
    for (const candidate of [site, readJson(shared('acceptance'), 'site.json')]) {
      assert.ok(validate(candidate), JSON.stringify(validate.errors))
    }
  })

  it('refuses a source without token and a property that nobody reads', () => {
    const validate = ajv.compile(schema)
    const [first] = site.sources
    assert.equal(validate({ ...site, sources: [{ id: first?.id }] }), false)
    assert.equal(validate({ ...site, sources: [{ ...first, colour: 'red' }] }), false)
  })

  it('is the schema of the acceptance suite but for its words and the properties of our own', () => {
    const own = new Set([
      'ackMode',
      'charset',
      'peers',
      'certificate',
      'realm',
      'repairs',
      'repair',
      'allowClientIds',
      'conditionalDelete',
      'unknownProfiles',
      'browserOrigins',
    ])
    const words = new Set(['$id', 'title', 'description', 'examples'])
    const bare = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(bare)
      if (typeof value !== 'object' || value === null) return value
      const kept = Object.entries(value).filter(([key]) => !words.has(key) && !own.has(key))
      return Object.fromEntries(kept.map(([key, one]) => [key, bare(one)]))
    }
    const theirs = readJson(shared('acceptance'), 'site.schema.json') as SiteSchema
    const ours = structuredClone(schema) as SiteSchema
    // Ours takes systems with blanks in their names, and those without a facility, too.
    const wide = new RegExp(ours.$defs.system.pattern)
    const narrow = new RegExp(theirs.$defs.system.pattern)
    for (const system of ['ADT1|RGH', 'a|b', 'A1.x|B-2']) {
      assert.match(system, narrow)
      assert.match(system, wide)
    }
    for (const system of ['ADT1', '|', 'A|B|C', ' A|B', 'A|B ']) assert.doesNotMatch(system, wide)
    ours.$defs.system.pattern = theirs.$defs.system.pattern
    assert.deepEqual(bare(ours), bare(theirs))
  })
})

describe('the demo site', () => {
  it('has well-known tokens, told apart by their beginning, each once', () => {
    const tokens = [...site.sources, ...site.clients].map(({ token }) => token)
    for (const token of tokens) assert.match(token, /^demo-[a-z]+$/)
    assert.equal(new Set(tokens).size, tokens.length)
  })
})
