// The verbs that need no gateway: help, check, translate, explain; run as a user runs them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { validateResource } from '../../src/fhir/validate.ts'
import { folderWith, portico, root } from './portico.ts'

const verbs = [
  'serve',
  'send',
  'replay',
  'translate',
  'explain',
  'coverage',
  'check',
  'migrate',
  'digest',
  'rebuild',
  'generate',
]
const admit = 'samples/01-adt/04-a01-admit.hl7'
const demoSite = join(root, 'profiles/sites/demo/site.json')

describe('portico', () => {
  it('prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const ended = await portico(['--version'])
    assert.deepEqual([ended.code, ended.stdout], [0, `${version}\n`])
  })

  it('runs from any folder', async (t) => {
    const ended = await portico(['check'], { cwd: folderWith(t) })
    assert.equal(ended.code, 0, ended.stderr)
  })

  it('lists every verb in its help, and each has an example, --json and exit codes', async () => {
    const help = await portico(['--help'])
    assert.equal(help.code, 0)
    for (const verb of verbs) assert.match(help.stdout, new RegExp(`^  ${verb} `, 'm'))
    const helps = await Promise.all(verbs.map((verb) => portico([verb, '--help'])))
    for (const [i, own] of helps.entries()) {
      const verb = verbs[i]
      assert.equal(own.code, 0)
      assert.match(own.stdout, /\nExamples?:\n {2}\S/, verb)
      assert.match(own.stdout, /--json/, verb)
      assert.match(own.stdout, /\nExit codes: 0 .+, 1 .+, 2 /, verb)
    }
  })

  it('ends with 2 for arguments that are wrong, and says what is right', async () => {
    const wrong = [
      [],
      ['sned'],
      ['send'],
      ['send', '--rate', '0', 'samples'],
      ['send', '--concurrency', 'two', 'samples'],
      ['send', '--to', 'ftp://x', 'samples'],
      ['translate', '--type', 'batch', admit],
      ['explain', '--colour', admit],
    ]
    const all = await Promise.all(wrong.map((args) => portico(args)))
    for (const [i, ended] of all.entries()) {
      assert.equal(ended.code, 2, wrong[i]?.join(' '))
      assert.equal(ended.stdout, '')
      assert.notEqual(ended.stderr, '')
    }
    assert.match((await portico(['sned'])).stderr, /Did you mean send\?/)
    assert.match((await portico(['send', '--to', 'ftp://x', 'y'])).stderr, /Use mllp:\/\/host:port/)
  })

  it('says as JSON, too, why it could not run', async () => {
    const ended = await portico(['translate', '--json', 'nowhere.hl7'])
    assert.equal(ended.code, 2)
    assert.match(JSON.parse(ended.stdout).error, /^nowhere\.hl7 is not there/)
  })
})

describe('portico check', () => {
  it('finds the demo site and all mappings good', async () => {
    const ended = await portico(['check'])
    assert.equal(ended.code, 0)
    assert.match(ended.stdout, /site\.json: good - .+ 4 sources/)
    assert.match(ended.stdout, /mappings: good - \d+ events/)
  })

  it('says everything that is wrong with a site file and the mappings beside it', async (t) => {
    const site = JSON.parse(readFileSync(demoSite, 'utf8'))
    const folder = folderWith(t, {
      'site.json': JSON.stringify({ ...site, colour: 'blue', gateway: { ...site.gateway, timezone: 7 } }),
      'mappings/segments/pid.json': JSON.stringify({
        map: 'PID[Patient]',
        rows: [{ v2: 'PID-5', fhir: 'nmae', via: 'XPN[HumanName]' }],
      }),
    })
    const ended = await portico(['check', '--site', join(folder, 'site.json'), '--json'])
    assert.equal(ended.code, 1)
    const { good, problems } = JSON.parse(ended.stdout)
    assert.equal(good, false)
    assert.ok(problems.site.some((each: string) => each.includes("'colour'")))
    assert.ok(problems.site.some((each: string) => each.includes('/gateway/timezone')))
    assert.ok(problems.mappings.some((each: string) => each.includes('nmae')))
    const plain = await portico(['check', '--site', join(folder, 'site.json')])
    assert.equal(plain.code, 1)
    assert.ok(!plain.stdout.includes('good'))
  })

  it('looks up tokens in the environment, as the gateway does', async (t) => {
    const site = JSON.parse(readFileSync(demoSite, 'utf8'))
    site.sources[0].token = 'env:ADT_TOKEN'
    const file = join(folderWith(t, { 'site.json': JSON.stringify(site) }), 'site.json')
    const missing = await portico(['check'], { env: { SITE: file } })
    assert.deepEqual([missing.code, /env:ADT_TOKEN/.test(missing.stdout)], [1, true])
    assert.equal((await portico(['check'], { env: { SITE: file, ADT_TOKEN: 'secret' } })).code, 0)
  })
})

interface Entry {
  readonly fullUrl: string
  readonly resource: { readonly resourceType: string; readonly id: string; readonly [name: string]: unknown }
  readonly request?: { readonly method: string; readonly url: string }
}

describe('portico translate', () => {
  it('prints a valid collection of what the rules make of a message', async () => {
    const ended = await portico(['translate', admit])
    assert.equal(ended.code, 0, ended.stderr)
    const bundle = JSON.parse(ended.stdout)
    assert.deepEqual(validateResource(bundle), [])
    const entries: Entry[] = bundle.entry
    const [first] = entries
    assert.equal(first?.resource.resourceType, 'Patient')
    const encounter = entries.find(({ resource }) => resource.resourceType === 'Encounter')?.resource
    assert.equal(encounter?.status, 'in-progress')
    assert.deepEqual(encounter?.subject, { reference: `Patient/${first?.resource.id}` })
    for (const { fullUrl, resource } of entries) {
      assert.equal(fullUrl, `http://127.0.0.1:8080/fhir/${resource.resourceType}/${resource.id}`)
      assert.deepEqual(validateResource(resource), [])
    }
    // Whatever is referred to is in the Bundle.
    const urls = new Set(entries.map(({ resource }) => `${resource.resourceType}/${resource.id}`))
    for (const [, reference = ''] of ended.stdout.matchAll(/"reference": "([^"]+)"/g))
      assert.ok(urls.has(reference))
  })

  it('prints a transaction that another server takes', async () => {
    const ended = await portico([
      'translate',
      '--type',
      'transaction',
      '--base',
      'https://x.example/r4/',
      admit,
    ])
    const bundle = JSON.parse(ended.stdout)
    assert.deepEqual(validateResource(bundle), [])
    for (const { request, resource, fullUrl } of bundle.entry as Entry[]) {
      const url = `${resource.resourceType}/${resource.id}`
      assert.deepEqual(request, { method: 'PUT', url })
      assert.equal(fullUrl, `https://x.example/r4/${url}`)
    }
  })

  it('applies the messages of a file one after the other, decimals as they were sent', async () => {
    const charge = readFileSync(join(root, 'samples/03-dft/01-p03-charge.hl7'), 'latin1')
    const credit = readFileSync(join(root, 'samples/03-dft/03-p03-credit-and-new-charge.hl7'), 'latin1')
    const ended = await portico(['translate', '-', '--json'], { input: charge + credit })
    assert.equal(ended.code, 0, ended.stderr)
    const { bundle, messages } = JSON.parse(ended.stdout)
    assert.deepEqual(
      messages.map(({ ack }: { ack: string }) => ack),
      ['AA', 'AA'],
    )
    const items = (bundle.entry as Entry[]).filter(({ resource }) => resource.resourceType === 'ChargeItem')
    // The charge, its credit and the new charge.
    assert.equal(items.length, 3)
    assert.match(ended.stdout, /"value":210\.00/)
  })

  it('says on standard error why a message is refused, and ends with 1', async () => {
    const ended = await portico(['translate', 'samples/invalid/03-missing-pid-3.hl7'])
    assert.equal(ended.code, 1)
    assert.deepEqual(JSON.parse(ended.stdout), { resourceType: 'Bundle', type: 'collection' })
    assert.match(ended.stderr, /^samples\/invalid\/03-missing-pid-3\.hl7: AE 101 PID\^1\^3 /)
  })

  it('reads the file of a sender that the site does not list yet, and says so', async () => {
    const input = readFileSync(join(root, admit), 'latin1').replace('|ADT1|RGH|', '|NEW|CLINIC|')
    const ended = await portico(['translate', '-'], { input })
    assert.equal(ended.code, 0, ended.stderr)
    assert.match(ended.stderr, /source NEW\|CLINIC is not listed in the site file/)
  })
})

interface Value {
  readonly path: string
  readonly value: string
  readonly v2: string
  readonly row: string
}

describe('portico explain', () => {
  it('shows FHIR path, value, v2 position and mapping row of each value', async () => {
    const ended = await portico(['explain', admit, '--path', 'Patient.name'])
    assert.equal(ended.code, 0, ended.stderr)
    const lines = ended.stdout.split('\n')
    assert.match(lines[2] ?? '', /^FHIR path +value +v2 +row$/)
    assert.equal(lines[3], '#patient')
    assert.ok(
      lines.some((line) =>
        /^ {2}Patient\.name\[0\]\.family +BRANDT +PID-5\[1\]\.1\.1 +XPN\[HumanName\]#\d+$/.test(line),
      ),
    )
    assert.ok(lines.slice(4).every((line) => line === '' || line.startsWith('  Patient.name[0].')))
  })

  it('takes a v2 position as well', async () => {
    const ended = await portico(['explain', admit, '--path', 'PV1-7', '--json'])
    const values: Value[] = JSON.parse(ended.stdout).messages[0].values
    assert.ok(values.length > 0)
    assert.ok(values.every(({ v2 }) => v2.startsWith('PV1-7[')))
    assert.ok(values.some(({ path }) => path.startsWith('Practitioner.name')))
  })

  it('gives every written value a position that is valued and a row, with the value that stands there', async () => {
    const ended = await portico(['explain', admit, '--json'])
    const values: Value[] = JSON.parse(ended.stdout).messages[0].values
    for (const { path, value, v2, row } of values) {
      assert.match(v2, /^[A-Z][A-Z0-9]{2}(?:\[\d+\])?-\d+/, path)
      assert.match(row, /#\d+$/, path)
      assert.notEqual(value, '', path)
    }
    const at = (wanted: string) => values.find(({ path }) => path === wanted)?.value
    assert.equal(at('Patient.birthDate'), '1951-11-23')
    assert.equal(at('Patient.identifier[0].value'), '100002')
  })

  it('lists what no row reads, and what was deleted', async () => {
    const z = await portico(['explain', 'samples/edge/05-z-segment.hl7'])
    assert.match(z.stdout, /\nNo row reads:\n {2}ZPI-1 ZPI-2 ZPI-3\n$/)
    const deletes = await portico([
      'explain',
      'samples/edge/15-deletes.hl7',
      '--path',
      'Patient.maritalStatus',
    ])
    assert.match(deletes.stdout, /Patient\.maritalStatus +\(deleted\) +PID-16/)
  })

  it('names each message of a batch, and what was noticed, with 1 for refusals', async () => {
    const batch = await portico(['explain', 'samples/04-batch/01-fhs-night-file.hl7', '--path', 'PID-3'])
    assert.equal(batch.code, 0, batch.stderr)
    assert.match(batch.stdout, /^Message 1 of 3: ADT A28 /)
    assert.match(batch.stdout, /\nMessage 3 of 3: ADT /)
    const bad = await portico(['explain', 'samples/invalid/05-bad-date.hl7'])
    assert.equal(bad.code, 1)
    assert.match(bad.stdout, /\nNoticed:\n {2}E 102 PID\^1\^7 .+ \(PID\[Patient\]#\d+\)\n/)
  })

  it('numbers values of several fields through, as they stand in the resource', async () => {
    const ended = await portico([
      'explain',
      'samples/01-adt/01-a28-register-person.hl7',
      '--path',
      'Patient.telecom',
      '--json',
    ])
    const values: Value[] = JSON.parse(ended.stdout).messages[0].values
    const numbers = values.filter(({ path }) => path.endsWith('.value')).map(({ path }) => path)
    assert.equal(new Set(numbers).size, numbers.length)
    assert.ok(numbers.length >= 2)
  })
})

describe('portico coverage', () => {
  it('says of the program which events, fields and rows of the guide are covered', async (t) => {
    const ended = await portico(['coverage', '--json'], { cwd: folderWith(t) })
    const found = JSON.parse(ended.stdout) as { events: { covered: string[] }; guide: unknown[] }
    assert.ok(found.events.covered.includes('ADT^A01'))
    assert.equal(found.guide.length, 875)
    const text = await portico(['coverage'])
    assert.match(text.stdout, /^Events +\d+\/75/m)
    assert.match(text.stdout, /^PID +40 +\d+/m)
  })
  it('says of a folder what is valued, what no row reads and which codes no table has', async (t) => {
    const message = (id: string) =>
      `MSH|^~\\&|NEW|HOSP|PORTICO|HOSP|20260302||ADT^A31|${id}|P|2.5.1\rPID|||1^^^A||DOE^J|||Q\rZZZ|a|b\r`
    const folder = folderWith(t, { 'a.hl7': message('1'), 'b.hl7': message('2') })
    const ended = await portico(['coverage', folder, '--json'])
    const found = JSON.parse(ended.stdout) as {
      messages: number
      valued: number
      mapped: number
      residue: number
      positions: { position: string; valued: number; unread: number }[]
      codes: { code: string; count: number }[]
    }
    assert.equal(found.messages, 2)
    assert.equal(found.valued, found.mapped + found.residue)
    const [first] = found.positions
    assert.deepEqual([first?.position, first?.valued, first?.unread], ['ZZZ-1', 2, 2])
    assert.deepEqual(
      found.codes.map(({ code, count }) => [code, count]),
      [['Q', 2]],
    )
    const text = await portico(['coverage', folder])
    assert.match(text.stdout, /2 files, 2 messages: \d+ positions valued/)
    assert.match(text.stdout, /^ZZZ-1 +2 +2/m)
    assert.equal(text.code, 0)
  })
})
