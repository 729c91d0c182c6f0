// JSON Schemas of map files and code tables, for completion in editors; written into profiles/schemas from the code.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { leaves } from '../src/mappings/engine/leaf.ts'
import { loadMaps, loadTables } from '../src/mappings/engine/load.ts'
import { equivalences } from '../src/mappings/engine/table.ts'

const root = join(import.meta.dirname, '..')
const base = join(root, 'src/mappings')
const text = (description: string, more: object = {}) => ({ type: 'string', description, ...more })

/** Offers names, and takes others: a site may add its own. */
const offering = (names: readonly string[], description: string) => ({
  description,
  anyOf: [{ enum: names }, { type: 'string' }],
})

function realmTables(): string[] {
  const profiles = join(root, 'profiles')
  return readdirSync(profiles).flatMap((realm) =>
    loadTables(join(profiles, realm, 'tables')).map(({ name }) => name),
  )
}

function rowSchema(): object {
  const maps = loadMaps({ base }).map(({ map }) => map)
  const typed = maps.filter((name) => name.includes('['))
  const tables = [...loadTables(join(base, 'tables')).map(({ name }) => name), ...realmTables()]
  return {
    type: 'object',
    required: ['v2', 'fhir'],
    additionalProperties: false,
    properties: {
      v2: text(
        "What is read: 'PID-5' or 'PID-3.4' in segment maps, '2' or '1.1' in data type maps, 'PID' in message maps.",
      ),
      fhir: text(
        "What is written: a path under the target ('name', 'period.start', \"extension('url').valueCode\"), a fact for the rules ('$status'), '-' for nothing on purpose; in message maps the resource.",
      ),
      via: offering(
        [...leaves.keys(), ...typed].sort(),
        'How: a data type map or a leaf; in message maps the segment map.',
      ),
      table: offering([...new Set(tables)].sort(), 'Code table (ConceptMap.name).'),
      when: text(
        'Condition: VALUED, NOT VALUED, EQUALS, NOT EQUALS, IN, NOT IN, COUNT, LENGTH, AND, OR, ( ).',
        {
          examples: ['PID-8 IN ("A", "N")'],
        },
      ),
      value: {
        type: ['string', 'number', 'boolean'],
        description: 'A constant in the place of what was read.',
      },
      set: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Constants beside a complex value.',
        examples: [{ use: 'home' }],
      },
      required: {
        const: true,
        description: 'The field must be valued: else the message is refused with AE 101.',
      },
      beside: {
        const: true,
        description: 'Data type maps: it says what kind of value this is, and nothing without one.',
      },
      omit: { const: true, description: 'In an overlay: removes the rows with this v2 and fhir.' },
      deviates: text("Why it differs from HL7's guide."),
      note: text('For whoever reads the file.'),
      as: text("Message maps: name by which others refer to what this row makes ('patient')."),
      into: text('Message maps: writes into what the row of that name made.'),
      after: {
        type: 'array',
        items: { type: 'string' },
        description: 'Message maps: holds when the segment follows one of these.',
        examples: [['PID']],
      },
      refs: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Message maps: role -> name of what it refers to.',
        examples: [{ subject: 'patient' }],
      },
    },
  }
}

const head = (file: string, title: string) => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: `http://portico.example.org/schema/${file}`,
  title,
})

const mapSchema = () => ({
  ...head('map.schema.json', 'Mapping rows (docs/reference/row-language.md)'),
  type: 'object',
  required: ['map', 'rows'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string' },
    map: text(
      "'ADT_A01' (message), 'patient' (part of messages), 'PID[Patient]' (segment), 'XPN[HumanName]' (data type).",
    ),
    events: {
      type: 'array',
      items: { type: 'string', pattern: '^[A-Z0-9]{3}\\^[A-Z0-9]{3}$' },
      description: 'Message maps: trigger events.',
    },
    include: {
      type: 'array',
      items: { type: 'string' },
      description: 'Message maps: parts whose rows come before its own.',
    },
    rows: { type: 'array', items: { $ref: '#/$defs/row' } },
  },
  $defs: { row: rowSchema() },
})

function tableSchema(): object {
  const names = [...loadTables(join(base, 'tables')).map(({ name }) => name), ...realmTables()]
  const target = {
    type: 'object',
    properties: {
      code: text('Code that FHIR shall have.'),
      display: text('Its display.'),
      equivalence: {
        enum: [...equivalences],
        description: 'equivalent; wider or inexact when the target says less.',
      },
      comment: text('Why.'),
    },
  }
  const element = {
    type: 'object',
    required: ['code'],
    properties: {
      code: text('Code that the sender uses.'),
      display: text('Its display.'),
      target: {
        type: 'array',
        items: target,
        description: 'Left out: the code is known and has no counterpart.',
      },
    },
  }
  return {
    ...head('table.schema.json', 'A code table: FHIR R4 ConceptMap (src/mappings/tables/README.md)'),
    type: 'object',
    required: ['resourceType', 'name'],
    properties: {
      resourceType: { const: 'ConceptMap' },
      name: offering([...new Set(names)].sort(), 'Name that rows use in table.'),
      status: { enum: ['draft', 'active', 'retired', 'unknown'] },
      group: {
        type: 'array',
        items: {
          type: 'object',
          required: ['element'],
          properties: {
            source: text('Code system of the codes: http://terminology.hl7.org/CodeSystem/v2-0002.'),
            target: text('Code system of the targets.'),
            element: { type: 'array', items: element },
          },
        },
      },
    },
  }
}

/** Files of profiles/schemas and what they must hold. */
export function editorSchemas(): readonly { readonly file: string; readonly text: string }[] {
  const print = (schema: object) => `${JSON.stringify(schema, null, 2)}\n`
  return [
    { file: 'map.schema.json', text: print(mapSchema()) },
    { file: 'table.schema.json', text: print(tableSchema()) },
  ]
}

export const schemaFolder = join(root, 'profiles/schemas')
export const readSchema = (file: string): string => readFileSync(join(schemaFolder, file), 'utf8')
