// Definitions on the wire: R4's own of the types that are known here, found by their URL, searched by the R4 parameters of their types
// (FHIR R4 conformance-module.html, search.html).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type JsonObject, SERVED_TYPES } from '../../src/fhir/types.ts'
import { type GatewayOnPort, gatewayOnPort, type PortAnswer } from './on-port.ts'

let gateway: GatewayOnPort
before(async () => {
  gateway = await gatewayOnPort()
})
after(() => gateway.close())

const resources = ({ body }: PortAnswer): readonly JsonObject[] =>
  ((body.entry ?? []) as { resource: JsonObject; search: { mode: string } }[])
    .filter(({ search }) => search.mode === 'match')
    .map(({ resource }) => resource)
async function found(search: string): Promise<readonly JsonObject[]> {
  const answer = await gateway.ask(`/${search}`)
  assert.equal(answer.status, 200, answer.text)
  return resources(answer)
}
const ids = async (search: string): Promise<unknown[]> => (await found(search)).map(({ id }) => id)
const next = ({ body }: PortAnswer): string | undefined =>
  (body.link as { relation: string; url: string }[]).find(({ relation }) => relation === 'next')?.url

describe('the definition of a type', () => {
  it('is where the CapabilityStatement says', async () => {
    const { body } = await gateway.ask('/metadata')
    const [rest] = body.rest as { resource: { type: string; profile?: string }[]; compartment: string[] }[]
    for (const { type, profile } of rest?.resource ?? []) {
      if (!SERVED_TYPES.includes(type)) continue
      assert.equal(profile, `http://hl7.org/fhir/StructureDefinition/${type}`)
      const [definition, ...others] = await found(`StructureDefinition?url=${profile}&_elements=type`)
      assert.deepEqual([definition?.type, definition?.id, others.length], [type, type, 0])
    }
    for (const url of rest?.compartment ?? [])
      assert.equal((await ids(`CompartmentDefinition?url=${url}`)).length, 1, url)
  })

  it('says elements, types, cardinalities, bindings and rules, and keeps to those of definitions', async () => {
    const { body } = await gateway.ask('/StructureDefinition/Appointment')
    assert.deepEqual(
      [body.kind, body.abstract, body.baseDefinition, body.derivation],
      ['resource', false, 'http://hl7.org/fhir/StructureDefinition/DomainResource', 'specialization'],
    )
    const elements = (body.snapshot as { element: JsonObject[] }).element
    const at = (path: string): JsonObject => elements.find((each) => each.path === path) ?? {}
    assert.deepEqual([at('Appointment.participant').min, at('Appointment.participant').max], [1, '*'])
    assert.deepEqual(at('Appointment.status').binding, {
      strength: 'required',
      valueSet: 'http://hl7.org/fhir/ValueSet/appointmentstatus',
    })
    assert.equal(at('Appointment.status').isModifier, true)
    assert.match(JSON.stringify(at('Appointment').constraint), /"app-3"/)
    assert.match(JSON.stringify(at('Appointment.participant').constraint), /"app-1"/)
    assert.match(
      JSON.stringify(at('Appointment.participant.actor').type),
      /StructureDefinition\/Practitioner"/,
    )
    // sdf-3, sdf-8: each element has a definition and cardinalities, and begins with the type.
    for (const { path, definition, min, max } of elements) {
      assert.ok(String(path).split('.')[0] === 'Appointment' && definition && max !== undefined, String(path))
      assert.equal(typeof min, 'number')
    }
  })
})

describe('a search of definitions', () => {
  it('pages through all of them, each once, also by POST', async () => {
    const seen: unknown[] = []
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    let page = await gateway.ask('/SearchParameter/_search', {
      method: 'POST',
      headers: form,
      body: 'base=Patient&_count=7&_elements=code',
    })
    for (let url: string | undefined = ''; url !== undefined; url = next(page)) {
      if (url !== '') page = await gateway.ask(url)
      assert.equal(page.status, 200, page.text)
      const list = resources(page)
      assert.ok(list.length <= 7)
      for (const each of list) {
        assert.ok(each.code !== undefined && each.expression === undefined, 'no more than what was asked for')
        seen.push(each.id)
      }
    }
    assert.equal(seen.length, page.body.total)
    assert.equal(new Set(seen).size, seen.length)
    assert.ok(seen.length > 20)
  })

  it('finds by the parameters that R4 has for the type, and not its neighbour', async () => {
    const cases: readonly (readonly [search: string, has: string, hasNot: string])[] = [
      ['StructureDefinition?type=Patient&derivation=specialization', 'Patient', 'front-office-patient'],
      ['StructureDefinition?kind=complex-type', 'HumanName', 'Patient'],
      [
        'StructureDefinition?base=http://hl7.org/fhir/StructureDefinition/Patient',
        'front-office-patient',
        'Patient',
      ],
      ['StructureDefinition?path=Encounter.hospitalization', 'Encounter', 'Patient'],
      ['StructureDefinition?valueset=http://hl7.org/fhir/ValueSet/slotstatus', 'Slot', 'Schedule'],
      ['StructureDefinition?abstract=false&name=slot', 'Slot', 'Schedule'],
      ['StructureDefinition?name:contains=lot', 'Slot', 'Schedule'],
      [
        'StructureDefinition?url:below=http://hl7.org/fhir/StructureDefinition',
        'Slot',
        'front-office-patient',
      ],
      ['StructureDefinition?url=http://hl7.org/fhir/StructureDefinition/Slot%7C4.0.1', 'Slot', 'Schedule'],
      ['SearchParameter?code=birthdate&base=Patient', 'Patient-birthdate', 'Patient-identifier'],
      ['SearchParameter?type=date&base=Patient', 'Patient-birthdate', 'Patient-identifier'],
      ['SearchParameter?target=Encounter&base=Flag', 'Flag-encounter', 'Flag-patient'],
      ['OperationDefinition?code=everything&instance=true', 'Patient-everything', 'Patient-merge'],
      ['OperationDefinition?system=true', 'export', 'Patient-everything'],
      [
        'CodeSystem?code=ACC,AMB&system=http://terminology.hl7.org/CodeSystem/v3-ActCode',
        'v3-ActCode',
        'v3-RoleCode',
      ],
      ['CodeSystem?content-mode=complete', 'v3-RoleCode', 'nothing'],
      ['ValueSet?reference=http://hl7.org/fhir/administrative-gender', 'administrative-gender', 'slotstatus'],
      ['CompartmentDefinition?resource=Coverage', 'patient', 'practitioner'],
    ]
    for (const [search, has, hasNot] of cases) {
      const list = await ids(`${search}&_count=1000`)
      assert.ok(list.includes(has), `${search} has ${has}`)
      assert.ok(!list.includes(hasNot), `${search} has not ${hasNot}`)
    }
    const all = Number((await gateway.ask('/StructureDefinition?_summary=count')).body.total)
    const some = Number((await gateway.ask('/StructureDefinition?title:missing=true&_count=0')).body.total)
    const rest = Number((await gateway.ask('/StructureDefinition?title:missing=false&_count=0')).body.total)
    assert.equal(some + rest, all)
  })

  it('honours _summary and _sort; says what it does not know, and refuses it when strict', async () => {
    const [summary] = await found('StructureDefinition?_id=Patient&_summary=true')
    assert.deepEqual(
      [summary?.snapshot, summary?.url],
      [undefined, 'http://hl7.org/fhir/StructureDefinition/Patient'],
    )
    assert.match(JSON.stringify(summary?.meta), /SUBSETTED/)
    // XML keeps the order of FHIR: id, then meta, then all else.
    for (const search of [
      'ValueSet?_id=administrative-gender&_summary=true',
      'CodeSystem?_id=v3-RoleCode&_elements=url',
    ]) {
      const { text } = await gateway.ask(`/${search}&_format=xml`)
      assert.match(text, /<resource><(\w+)><id value="[^"]+"\/><meta>.*<\/meta><url /, search)
    }
    const names = (await found('StructureDefinition?kind=resource&_sort=-name&_elements=name')).map(
      ({ name }) => name,
    )
    assert.deepEqual(
      names,
      names.toSorted((a, b) => (String(a).toLowerCase() < String(b).toLowerCase() ? 1 : -1)),
    )
    const lenient = await gateway.ask('/ValueSet?nonsense=1&_count=1')
    assert.match(lenient.text, /"mode":"outcome"/)
    for (const search of ['ValueSet?nonsense=1', 'ValueSet?url:exact=x']) {
      const strict = await gateway.ask(`/${search}`, { headers: { prefer: 'handling=strict' } })
      assert.equal(strict.status, 400, search)
    }
    for (const search of ['ValueSet?_count=x', 'ValueSet?_summary=x', 'ValueSet?date=x', 'ValueSet?_page=x'])
      assert.equal((await gateway.ask(`/${search}`)).status, 400, search)
  })

  it('has the limits of any search: keys of _sort, values, their length', async () => {
    const many = (text: string, count: number): string => Array.from({ length: count }, () => text).join(',')
    const form = async (body: string): Promise<number> => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await gateway.ask('/StructureDefinition/_search', { method: 'POST', headers, body })
      return answer.status
    }
    assert.equal(await form(`_count=0&_sort=${many('name', 5)}`), 200)
    assert.equal(await form(`_count=0&_sort=${many('name', 6)}`), 422)
    assert.equal(await form(`_count=0&path=${many('Patient.name', 200)}`), 200)
    assert.equal(await form(`_count=0&path=${many('Patient.name', 201)}`), 422)
    assert.equal(await form(`_count=0&title:contains=${'x'.repeat(8_001)}`), 422)
  })
})

describe('a table in which a source has codes of its own', () => {
  it('is a ConceptMap as it counts for that source, and says nothing to who asks for no source', async () => {
    const table = {
      resourceType: 'ConceptMap',
      name: 'MaritalStatus',
      group: [
        {
          target: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus',
          element: [{ code: 'VERH', target: [{ code: 'M', equivalence: 'equivalent' }] }],
        },
      ],
    }
    const own = await gatewayOnPort({
      files: { 'sources/ADT1_GHH/tables/marital-status.json': JSON.stringify(table) },
    })
    try {
      const get = async (path: string): Promise<PortAnswer> => await own.ask(path)
      const [map, ...others] = resources(await get('/ConceptMap?source-code=VERH'))
      assert.deepEqual([map?.id, others.length], ['marital-status-of-adt1-ghh', 0])
      assert.match(JSON.stringify(map), /"code":"S"/, 'with what holds for everybody')
      const result = async (path: string): Promise<unknown> =>
        ((await get(path)).body.parameter as { valueBoolean?: boolean }[] | undefined)?.[0]?.valueBoolean
      assert.equal(await result('/ConceptMap/marital-status-of-adt1-ghh/$translate?code=VERH'), true)
      assert.equal(await result('/ConceptMap/marital-status/$translate?code=VERH'), false)
    } finally {
      await own.close()
    }
  })
})
