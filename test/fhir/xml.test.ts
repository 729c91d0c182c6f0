// FHIR XML: what is written is read as the same, in the order of the definitions; tricks of XML end the reading.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SaxesParser } from 'saxes'
import { untar } from '../../scripts/read-definitions.ts'
import { ELEMENTS } from '../../src/fhir/definitions.ts'
import { canonicalJson, readJson, writeJson } from '../../src/fhir/json.ts'
import { isKnownType, isObject, SERVED_TYPES } from '../../src/fhir/types.ts'
import { validateResource } from '../../src/fhir/validate.ts'
import { readXml } from '../../src/fhir/xml-read.ts'
import { xmlText } from '../../src/fhir/xml-write.ts'
import { shared } from '../shared.ts'
import { Generator } from './generate.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function back(json: string, pretty = false): unknown {
  const read = readXml(bytes(xmlText(json, pretty)))
  assert.ok('value' in read, JSON.stringify(read))
  return read.value
}

for (const type of SERVED_TYPES) {
  test(`${type}: there and back is the same`, () => {
    const generator = new Generator(type.length * 17)
    for (let round = 0; round < 20; round += 1) {
      const resource = generator.element(type, 4)
      if (validateResource(resource).some(({ code }) => code === 'structure')) continue
      assert.equal(canonicalJson(back(JSON.stringify(resource), round % 2 === 0)), canonicalJson(resource))
    }
  })
}

for (const version of ['6.1.0', '7.0.0']) {
  test(`the examples of US Core ${version} survive the way through XML`, () => {
    let seen = 0
    for (const text of untar(shared(`us-core/hl7.fhir.us.core-${version}.tgz`), /\/example\/.*\.json$/)) {
      const read = readJson(text)
      const value = 'value' in read ? read.value : undefined
      if (!isObject(value) || !isKnownType(String(value.resourceType))) continue
      // Some contain resources of types that are not known here.
      const types = [...text.matchAll(/"resourceType"\s*:\s*"(\w+)"/g)].map(([, type = '']) => type)
      if (!types.every(isKnownType)) continue
      seen += 1
      const plain = (resource: unknown): string =>
        canonicalJson(resource).replace(/"div":"(?:[^"\\]|\\.)*"/g, '"div":""')
      assert.equal(plain(back(writeJson(value))), plain(value), `${value.resourceType}/${value.id}`)
    }
    assert.ok(seen > 50, String(seen))
  })
}

/** Each value with the names of the elements around it; narrative aside. */
function valuesIn(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => valuesIn(each, path))
  if (!isObject(value)) return value === null ? [] : [`${path}=${String(value)}`]
  const own = typeof value.resourceType === 'string' ? `${path}.${value.resourceType}` : path
  return Object.entries(value).flatMap(([name, each]) =>
    name === 'resourceType' || name === 'div' ? [] : valuesIn(each, `${own}.${name.replace(/^_/, '')}`),
  )
}

function valuesInXml(xml: string): string[] {
  const [names, found]: [string[], string[]] = [[], []]
  const parser = new SaxesParser({ xmlns: true })
  parser.on('opentag', ({ local, attributes }) => {
    names.push(`.${local}`)
    if (names.includes('.div')) return
    for (const { local: key, value } of Object.values(attributes))
      if (key !== 'xmlns') found.push(`${names.join('')}${key === 'value' ? '' : `.${key}`}=${value}`)
  })
  parser.on('closetag', () => names.pop())
  parser.write(xml).close()
  return found
}

for (const version of ['6.1.0', '7.0.0']) {
  test(`everything of US Core ${version} is in the XML, also of types that have no definition here`, () => {
    const unknown = new Set<string>()
    for (const text of untar(
      shared(`us-core/hl7.fhir.us.core-${version}.tgz`),
      /\/[A-Z][A-Za-z]*-[^/]*\.json$/,
    )) {
      const value: unknown = JSON.parse(text)
      if (!isObject(value)) continue
      const types = [...text.matchAll(/"resourceType"\s*:\s*"(\w+)"/g)].map(([, type = '']) => type)
      for (const type of types) if (!isKnownType(type)) unknown.add(type)
      const wanted = valuesIn(JSON.parse(text.replace(/\r\n?/g, '\n')), '').sort()
      assert.deepEqual(valuesInXml(xmlText(text, false)).sort(), wanted, `${value.resourceType}/${value.id}`)
    }
    for (const type of ['StructureDefinition', 'CodeSystem', 'Endpoint', 'Medication'])
      assert.ok(unknown.has(type), type)
  })
}

test('an outcome in the answer of a batch is a resource in an element, both ways', () => {
  const outcome = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'not-found' }] }
  const response = { status: '404 Not Found', outcome }
  const batch = { resourceType: 'Bundle', type: 'batch-response', entry: [{ response }] }
  assert.match(xmlText(JSON.stringify(batch), false), /<outcome><OperationOutcome><issue>/)
  assert.equal(canonicalJson(back(JSON.stringify(batch))), canonicalJson(batch))
})

test('a character of HTML in what others publish does not break the XML', () => {
  const div = '<div xmlns="http://www.w3.org/1999/xhtml">a&nbsp;b &amp; &copy;</div>'
  const xml = xmlText(JSON.stringify({ resourceType: 'Flag', text: { status: 'generated', div } }), false)
  assert.match(xml, />a&#160;b &amp; &amp;copy;</)
})

test('decimals keep their digits, extensions of primitives and gaps of lists their place', () => {
  const json =
    '{"resourceType":"Observation","id":"o","_status":{"extension":[{"url":"http://x","valueCode":"y"}]},"valueQuantity":{"value":1.10},"code":{"text":"a<b&\\"c\\""}}'
  const xml = xmlText(json, false)
  assert.match(xml, /<value value="1\.10"\/>/)
  assert.match(xml, /<status><extension url="http:\/\/x"><valueCode value="y"\/><\/extension><\/status>/)
  assert.match(xml, /<text value="a&lt;b&amp;&quot;c&quot;"\/>/)
  const read = readXml(bytes(xml))
  assert.equal('value' in read && writeJson(read.value).includes('1.10'), true)
  const names = '{"resourceType":"Patient","name":[{"given":["a",null,"b"],"_given":[null,{"id":"g"},null]}]}'
  assert.equal(canonicalJson(back(names)), canonicalJson(JSON.parse(names)))
})

test('elements come in the order of the definition', () => {
  const xml = xmlText(
    '{"birthDate":"1980-01-01","name":[{"given":["A"],"family":"B"}],"id":"p","resourceType":"Patient","active":true}',
    false,
  )
  const order = ['id', 'active', 'name', 'family', 'given', 'birthDate'].map((name) =>
    xml.indexOf(`<${name}`),
  )
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
  assert.ok(!order.includes(-1))
  assert.ok(ELEMENTS.Patient)
})

test('the narrative keeps its markup', () => {
  const div = '<div xmlns="http://www.w3.org/1999/xhtml"><p class="x">a &amp; b<br/><b>c</b></p></div>'
  const json = JSON.stringify({ resourceType: 'Basic', text: { status: 'generated', div } })
  assert.deepEqual(back(json), JSON.parse(json))
})

const wrapped = (inside: string): string => `<Patient xmlns="http://hl7.org/fhir">${inside}</Patient>`
const refused: Readonly<Record<string, string>> = {
  'a document type': `<!DOCTYPE x [<!ENTITY a "b">]>${wrapped('<id value="&a;"/>')}`,
  'an external entity': `<!DOCTYPE x SYSTEM "file:///etc/passwd">${wrapped('')}`,
  'an unknown entity': wrapped('<id value="&a;"/>'),
  'no namespace': '<Patient><id value="1"/></Patient>',
  'another namespace': '<Patient xmlns="http://x"><id value="1"/></Patient>',
  'an unknown element': wrapped('<colour value="red"/>'),
  'an element twice': wrapped('<gender value="male"/><gender value="female"/>'),
  'an unknown attribute': wrapped('<gender value="male" onload="x"/>'),
  'text between elements': wrapped('hello'),
  'elements that cross': wrapped('<name><family value="x"></name></family>'),
  'an end that is missing': '<Patient xmlns="http://hl7.org/fhir">',
  'two roots': wrapped('') + wrapped(''),
  'no resource': '<Nonsense xmlns="http://hl7.org/fhir"/>',
  depth: wrapped('<extension url="x">'.repeat(100)),
  nothing: '',
  prototype: wrapped('<__proto__ value="x"/>'),
}
for (const [what, xml] of Object.entries(refused)) {
  test(`${what} ends the reading`, () => {
    const read = readXml(bytes(xml))
    assert.ok('issues' in read, JSON.stringify(read))
    assert.equal(read.issues[0]?.code, 'structure')
  })
}

test('bytes that are not UTF-8, and too many of them, are refused', () => {
  assert.ok('issues' in readXml(new Uint8Array([0xff, 0xfe, 0x3c, 0])))
  assert.ok('issues' in readXml(bytes(wrapped('')), { maxBytes: 10 }))
})
