// Schemas for editors: they follow from the code, take every file of the program, and mark slips of the pen.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { editorSchemas, readSchema } from '../../scripts/editor-schemas.ts'

const root = join(import.meta.dirname, '../..')
const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.json'))
    .map((name) => `${folder}/${name}`)
const compile = (file: string) =>
  new Ajv2020({ allErrors: true, strict: false }).compile(JSON.parse(readSchema(file)))

describe('the schemas in profiles/schemas', () => {
  for (const { file, text } of editorSchemas()) {
    it(`${file} is what the code says: node scripts/write-reference.ts writes it anew`, () => {
      assert.ok(readSchema(file) === text, 'run node scripts/write-reference.ts')
    })
  }

  it('take all maps and tables of the program and its profiles', () => {
    const [map, table] = [compile('map.schema.json'), compile('table.schema.json')]
    const base = 'src/mappings'
    const maps = ['messages', 'segments', 'datatypes'].flatMap((kind) => filesOf(`${base}/${kind}`))
    const tables = [...filesOf(`${base}/tables`), ...filesOf('profiles/us-core/tables')]
    assert.ok(maps.length > 30 && tables.length > 77)
    for (const [files, validate] of [
      [maps, map],
      [tables, table],
    ] as const) {
      for (const file of files)
        assert.ok(
          validate(JSON.parse(readFileSync(join(root, file), 'utf8'))),
          `${file} ${JSON.stringify(validate.errors)}`,
        )
    }
  })

  it('mark a column that rows do not have, and a row without code', () => {
    assert.equal(
      compile('map.schema.json')({ map: 'PID[Patient]', rows: [{ v2: 'PID-1', fhir: '-', vai: 'x' }] }),
      false,
    )
    const group = [{ element: [{ target: [] }] }]
    assert.equal(compile('table.schema.json')({ resourceType: 'ConceptMap', name: 'Religion', group }), false)
  })
})
