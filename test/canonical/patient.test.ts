// Survivorship: which value is "the" value, by field group. Semantics, sections 5 and 6.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { canonicalText } from '../../src/canonical/fhir-json.ts'
import { foldPatient } from '../../src/canonical/person/patient.ts'
import type { Contribution } from '../../src/canonical/truth/contribution.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { joined, projection, say, shown, trustOf } from './patient-statements.ts'

const legal = (family: string): Json => ({ use: 'official', family })
const alias = (family: string): Json => ({ use: 'anonymous', family })
const familiesOf = (body: Record<string, Json | undefined>): string[] =>
  ((body.name ?? []) as { family: string }[]).map((each) => each.family)

describe('legal name, birth date and sex', () => {
  it('are what the most trusted source says, however old it is', () => {
    const body = shown(
      say('ADT', '08:00', {
        'name<PID-5': [legal('DOE')],
        'gender<PID-8': 'female',
        'birthDate<PID-7': '1980-01-01',
      }),
      say('REG', '09:00', {
        'name<PID-5': [legal('ROE')],
        'gender<PID-8': 'male',
        'birthDate<PID-7': '1981-01-01',
      }),
    )
    assert.deepEqual(familiesOf(body), ['DOE'])
    assert.equal(body.gender, 'female')
    assert.equal(body.birthDate, '1980-01-01')
  })

  it('are what the latest of equally trusted sources says', () => {
    const body = shown(
      say('WREG', '09:00', { 'name<PID-5': [legal('ROE')] }),
      say('REG', '10:00', { 'name<PID-5': [legal('DOE')] }),
    )
    assert.deepEqual(familiesOf(body), ['DOE'])
  })

  it('a deletion of a trusted source hides what others said before, not what they say after', () => {
    const deleted = say('ADT', '10:00', { 'gender<PID-8': null })
    assert.equal(shown(say('REG', '09:00', { 'gender<PID-8': 'male' }), deleted).gender, undefined)
    assert.equal(shown(say('REG', '11:00', { 'gender<PID-8': 'male' }), deleted).gender, 'male')
    const twice = shown(
      say('REG', '11:00', { 'gender<PID-8': null }),
      say('WREG', '10:30', { 'gender<PID-8': 'male' }),
      say('KIOSK', '12:00', { 'gender<PID-8': 'other' }),
      deleted,
    )
    assert.equal(twice.gender, 'other')
  })

  it('that their sender calls unreliable lose to any other', () => {
    const doubtful = say('ADT', '10:00', {
      'name<PID-5': [legal('GUESS')],
      'birthDate<PID-7': '1900-01-01',
      'gender<PID-8': 'female',
      '$reliability<PID-32': ['AL', 'UD'],
    })
    const sure = say('KIOSK', '09:00', {
      'name<PID-5': [legal('DOE')],
      'birthDate<PID-7': '1980-01-01',
      'gender<PID-8': 'male',
    })
    const body = shown(doubtful, sure)
    assert.deepEqual(familiesOf(body), ['DOE'])
    assert.equal(body.birthDate, '1980-01-01')
    assert.equal(body.gender, 'female')
    assert.deepEqual(familiesOf(shown(doubtful)), ['GUESS'])
  })

  it('bring the extensions that came with them, and no others', () => {
    const exact = { extension: [{ url: 'birthTime', valueDateTime: '1980-01-01T10:00:00Z' }] }
    const coded = { extension: [{ url: 'alternate-codes', valueString: 'A' }] }
    const body = shown(
      say('REG', '09:00', {
        'birthDate<PID-7': '1980-01-01',
        '_birthDate<PID-7': exact,
        'gender<PID-8': 'other',
        '_gender<PID-8': coded,
      }),
    )
    assert.deepEqual(body._birthDate, exact)
    assert.deepEqual(body._gender, coded)
    const later = shown(
      say('REG', '09:00', {
        'birthDate<PID-7': '1980-01-01',
        '_birthDate<PID-7': exact,
        'gender<PID-8': 'other',
        '_gender<PID-8': coded,
      }),
      say('REG', '10:00', { 'birthDate<PID-7': '1980-01-02', 'gender<PID-8': 'female' }),
    )
    assert.equal(later._birthDate, undefined)
    assert.equal(later._gender, undefined)
  })
})

describe('other names', () => {
  it('are those that anybody knows, each once', () => {
    const body = shown(
      say('ADT', '08:00', { 'name<PID-5': [legal('DOE'), alias('SMITH')] }),
      say('REG', '09:00', { 'name<PID-5': [legal('ROE'), alias('SMITH'), alias('JONES')] }),
    )
    assert.deepEqual(familiesOf(body), ['DOE', 'SMITH', 'JONES'])
  })

  it('of PID-5 and PID-9 of one message stand in one order, however they were stored', () => {
    const one = say('ADT', '08:00', { 'name<PID-5': [legal('DOE'), alias('A')], 'name<PID-9': [alias('B')] })
    const { 'name<PID-9': second, ...first } = one.cells
    const swapped: Contribution = { ...one, cells: { 'name<PID-9': second as never, ...first } }
    assert.deepEqual(shown(one), shown(swapped))
  })
})

const home = (line: string): Json => ({ use: 'home', line: [line] })
const work = (line: string): Json => ({ use: 'work', line: [line] })
const phone = (use: string, value: string): Json => ({ system: 'phone', use, value })
const mail = (use: string, value: string): Json => ({ system: 'email', use, value })
const linesOf = (body: Record<string, Json | undefined>): string[] =>
  ((body.address ?? []) as { line: string[] }[]).map((each) => each.line[0] ?? '')
const numbersOf = (body: Record<string, Json | undefined>): string[] =>
  ((body.telecom ?? []) as { value: string }[]).map((each) => each.value).sort()

describe('address and telecom', () => {
  it('are the latest of each use, whoever is trusted', () => {
    const body = shown(
      say('ADT', '08:00', { 'address<PID-11': [home('1 OAK'), work('1 MILL')] }),
      say('KIOSK', '09:00', { 'address<PID-11': [home('2 ELM')] }),
    )
    assert.deepEqual(linesOf(body).sort(), ['1 MILL', '2 ELM'])
  })

  it('of one source are its whole list: what it leaves out is gone', () => {
    const body = shown(
      say('ADT', '08:00', { 'telecom<PID-13': [phone('home', '1'), phone('mobile', '2')] }),
      say('ADT', '09:00', { 'telecom<PID-13': [phone('home', '3')] }),
    )
    assert.deepEqual(numbersOf(body), ['3'])
  })

  it('a telephone does not replace an e-mail address of the same use', () => {
    const body = shown(
      say('ADT', '08:00', { 'telecom<PID-13': [mail('home', 'a@example.org')] }),
      say('REG', '09:00', { 'telecom<PID-13': [phone('home', '1')] }),
    )
    assert.deepEqual(numbersOf(body), ['1', 'a@example.org'])
  })

  it('a deletion of PID-13 is about the home, one of PID-14 about work', () => {
    const both = say('ADT', '08:00', {
      'telecom<PID-13': [phone('home', '1')],
      'telecom<PID-14': [phone('work', '2')],
    })
    assert.deepEqual(numbersOf(shown(both, say('REG', '09:00', { 'telecom<PID-13': null }))), ['2'])
    assert.deepEqual(numbersOf(shown(both, say('REG', '09:00', { 'telecom<PID-14': null }))), ['1'])
    assert.deepEqual(numbersOf(shown(both, say('REG', '07:00', { 'telecom<PID-13': null }))), ['1', '2'])
  })

  it('a client speaks of all uses at once', () => {
    const body = shown(
      say('ADT', '08:00', { 'address<PID-11': [home('1 OAK'), work('1 MILL')] }),
      say('portal', '09:00', { 'address<FHIR': [home('2 ELM')] }),
      say('REG', '10:00', { 'address<PID-11': [work('2 MILL')] }),
    )
    assert.deepEqual(linesOf(body).sort(), ['2 ELM', '2 MILL'])
  })
})

describe('marital status, religion, language', () => {
  it('are the latest; a deletion is a value, so that an older one does not come back', () => {
    const older = say('ADT', '08:00', { 'maritalStatus<PID-16': { text: 'M' } })
    const deletion = say('REG', '09:00', { 'maritalStatus<PID-16': null })
    assert.equal(shown(older, deletion).maritalStatus, undefined)
    assert.deepEqual(
      shown(older, deletion, say('KIOSK', '10:00', { 'maritalStatus<PID-16': { text: 'S' } })).maritalStatus,
      {
        text: 'S',
      },
    )
  })

  it('extensions are values of their own by url', () => {
    const religion = "extension('religion')"
    const body = shown(
      say('ADT', '08:00', { [`${religion}<PID-17`]: { url: 'religion', valueString: 'A' } }),
      say('REG', '09:00', {
        [`${religion}<PID-17`]: { url: 'religion', valueString: 'B' },
        "extension('race')<PID-10": { url: 'race', valueString: 'C' },
      }),
    )
    assert.deepEqual(body.extension, [
      { url: 'race', valueString: 'C' },
      { url: 'religion', valueString: 'B' },
    ])
    const gone = shown(
      say('portal', '08:00', {
        'extension<FHIR': [
          { url: 'religion', valueString: 'A' },
          { url: 'other', valueString: 'x' },
        ],
      }),
      say('REG', '09:00', { [`${religion}<PID-17`]: null }),
    )
    assert.deepEqual(gone.extension, [{ url: 'other', valueString: 'x' }])
  })

  it('of a choice the latest form excludes the others', () => {
    const body = shown(
      say('ADT', '08:00', { 'multipleBirthInteger<PID-25': 2 }),
      say('REG', '09:00', { 'multipleBirthBoolean<PID-24': false }),
    )
    assert.equal(body.multipleBirthInteger, undefined)
    assert.equal(body.multipleBirthBoolean, false)
  })
})

describe('identifiers', () => {
  const id = (system: string, value: string, code?: string, more: Record<string, Json> = {}): Json => ({
    system,
    value,
    ...(code === undefined ? {} : { type: { coding: [{ system: 'http://x/v2-0203', code }] } }),
    ...more,
  })
  const keysOf = (body: Record<string, Json | undefined>): string[] =>
    ((body.identifier ?? []) as { system: string; value: string; use?: string }[]).map(
      (each) => `${each.system}|${each.value} ${each.use ?? '-'}`,
    )

  it('are those that anybody knows, one per system and value, with every type that was seen', () => {
    const body = shown(
      say('ADT', '08:00', { 'identifier<PID-3:a|1': [id('a', '1', 'MR')] }),
      say('REG', '09:00', {
        'identifier<PID-3:a|1': [id('a', '1', 'PI')],
        'identifier<PID-3:b|1': [id('b', '1', 'MR')],
      }),
    )
    assert.deepEqual(keysOf(body), ['a|1 usual', 'b|1 usual'])
    const [first] = body.identifier as { type: { coding: { code: string }[] } }[]
    assert.deepEqual(
      first?.type.coding.map((each) => each.code),
      ['MR', 'PI'],
    )
  })

  it('are not taken away by a list without them, nor by a deletion', () => {
    const body = shown(
      say('ADT', '08:00', { 'identifier<PID-3:a|1': [id('a', '1', 'MR')] }),
      say('ADT', '09:00', { 'identifier<PID-3:a|2': [id('a', '2', 'MR')], 'identifier<PID-19': null }),
    )
    assert.deepEqual(keysOf(body), ['a|1 usual', 'a|2 usual'])
  })

  it('have the use that their type gives them, unless one was sent', () => {
    const body = shown(
      say('ADT', '08:00', {
        'identifier<PID-3:a|1': [id('a', '1', 'SS')],
        'identifier<PID-3:a|2': [id('a', '2', 'MRT')],
        'identifier<PID-3:a|3': [id('a', '3', 'DL')],
        'identifier<PID-3:a|4': [id('a', '4', 'MR', { use: 'secondary' })],
      }),
    )
    assert.deepEqual(keysOf(body), ['a|1 official', 'a|3 -', 'a|4 secondary', 'a|2 temp'])
  })

  it('that were merged away are old, whatever else is said of them', () => {
    const body = shown(
      say('ADT', '08:00', {
        'identifier<PID-3:a|1': [id('a', '1', 'MR')],
        'identifier<PID-3:a|2': [id('a', '2', 'MR')],
      }),
      projection('merge:x', {
        identifiers: [{ system: 'a', value: '2', use: 'old', period: { end: '2026-03-02' } }],
        reference: 'Patient/x',
        type: 'replaces',
      }),
    )
    assert.deepEqual(keysOf(body), ['a|1 usual', 'a|2 old'])
    assert.deepEqual(body.link, [{ other: { reference: 'Patient/x' }, type: 'replaces' }])
  })
})

describe('death', () => {
  const died = say('REG', '10:00', { 'deceasedDateTime<PID-29': '2026-03-02' })

  it('is set by any source that is trusted enough, and by no other', () => {
    assert.equal(shown(died).deceasedDateTime, '2026-03-02')
    assert.equal(shown(say('KIOSK', '10:00', { 'deceasedBoolean<PID-30': true })).deceasedBoolean, undefined)
  })

  it('stays when others merely do not speak of it, say so earlier, or are less trusted', () => {
    for (const other of [
      say('ADT', '11:00', { 'gender<PID-8': 'male' }),
      say('ADT', '09:00', { 'deceasedBoolean<PID-30': false }),
      say('BILL', '11:00', { 'deceasedBoolean<PID-30': false }),
      say('KIOSK', '11:00', { 'deceasedDateTime<PID-29': null }),
    ])
      assert.equal(shown(died, other).deceasedDateTime, '2026-03-02')
  })

  it('is cleared by the same or a higher trust, later and in so many words', () => {
    for (const other of [
      say('WREG', '11:00', { 'deceasedBoolean<PID-30': false }),
      say('ADT', '11:00', { 'deceasedBoolean<PID-30': null }),
      say('ADT', '11:00', { 'deceasedDateTime<PID-29': null }),
    ])
      assert.equal(shown(died, other).deceasedDateTime, undefined)
  })

  it('with a date is more than without', () => {
    const body = shown(died, say('ADT', '11:00', { 'deceasedBoolean<PID-30': true }))
    assert.equal(body.deceasedDateTime, '2026-03-02')
    assert.equal(body.deceasedBoolean, undefined)
  })
})

describe('protection', () => {
  const isProtected = (...all: readonly Contribution[]): boolean =>
    /"R"/.test(canonicalText(shown(...all).meta ?? null))

  it('is as strict as the strictest source, until that source takes it back', () => {
    const on = say('ADT', '08:00', { '$protection<PD1-12': true })
    assert.ok(isProtected(on))
    assert.ok(isProtected(on, say('REG', '09:00', { '$protection<PD1-12': false })))
    assert.ok(!isProtected(on, say('ADT', '09:00', { '$protection<PD1-12': false })))
    assert.ok(!isProtected(on, say('ADT', '09:00', { '$protection<PD1-12': null })))
  })

  it('comes with a record that is merged in, until its source takes it back', () => {
    const merged = projection('merge:x', {
      reference: 'Patient/x',
      type: 'replaces',
      protectedBy: [{ source: 'ADT', t: 0 }],
    })
    const other = say('REG', '08:00', { 'gender<PID-8': 'male' })
    assert.ok(isProtected(other, merged))
    assert.ok(isProtected(other, merged, say('REG', '09:00', { '$protection<PD1-12': false })))
    assert.ok(!isProtected(other, merged, say('ADT', '09:00', { '$protection<PD1-12': false })))
  })
})

describe('contacts', () => {
  it('are those that any source names now', () => {
    const kin = (family: string): Json => ({ name: { family } })
    const body = shown(
      say('ADT', '08:00', { 'contact<NK1': [kin('A'), kin('B')] }),
      say('REG', '09:00', { 'contact<NK1': [kin('B'), kin('C')] }),
      say('ADT', '10:00', { 'contact<NK1': [kin('A')] }),
    )
    assert.deepEqual(
      (body.contact as { name: { family: string } }[]).map((each) => each.name.family).sort(),
      ['A', 'B', 'C'],
    )
    assert.equal(shown(say('ADT', '08:00', { 'contact<NK1': null })).contact, undefined)
  })
})

describe('a bill’s word', () => {
  const bill = { key: 'fill' }

  it('counts only for what nobody else speaks of, whenever they do', () => {
    const body = shown(
      say(
        'BILL',
        '12:00',
        {
          'maritalStatus<PID-16': { text: 'S' },
          'multipleBirthInteger<PID-25': 2,
          'birthDate<PID-7': '1980-01-01',
        },
        bill,
      ),
      say('KIOSK', '08:00', { 'maritalStatus<PID-16': { text: 'M' }, 'multipleBirthBoolean<PID-24': false }),
    )
    assert.deepEqual(body.maritalStatus, { text: 'M' })
    assert.equal(body.multipleBirthBoolean, false)
    assert.equal(body.multipleBirthInteger, undefined)
    assert.equal(body.birthDate, '1980-01-01')
  })

  it('adds identifiers as any other', () => {
    const body = shown(
      say('BILL', '12:00', { 'identifier<PID-3:b|2': [{ system: 'b', value: '2' }] }, bill),
      say('ADT', '08:00', { 'identifier<PID-3:a|1': [{ system: 'a', value: '1' }] }),
    )
    assert.equal((body.identifier as unknown[]).length, 2)
  })
})

describe('the fold', () => {
  const values: Record<string, readonly Json[]> = {
    'name<PID-5': [[legal('A')], [legal('B'), alias('C')], [alias('C'), alias('D')]],
    'name<PID-9': [[alias('E')], null],
    'gender<PID-8': ['male', 'female', null],
    'birthDate<PID-7': ['1980-01-01', '1981-01-01'],
    'address<PID-11': [[home('1')], [home('2'), work('3')], null],
    'telecom<PID-13': [[phone('home', '1')], [mail('home', 'm')], null],
    'telecom<PID-14': [[phone('work', '2')], null],
    'maritalStatus<PID-16': [{ text: 'M' }, null],
    'multipleBirthInteger<PID-25': [1, 2],
    'multipleBirthBoolean<PID-24': [true, false],
    'deceasedBoolean<PID-30': [true, false, null],
    'deceasedDateTime<PID-29': ['2026-03-02', null],
    '$protection<PD1-12': [true, false],
    'contact<NK1': [[{ name: { family: 'K' } }], null],
    "extension('e')<PID-17": [{ url: 'e', valueString: '1' }, null],
    'identifier<PID-3:a|1': [[{ system: 'a', value: '1' }], [{ system: 'a', value: '1', use: 'secondary' }]],
  }
  const statement = fc
    .record({
      source: fc.constantFrom(...Object.keys(trustOf)),
      minute: fc.integer({ min: 0, max: 59 }),
      picks: fc.uniqueArray(fc.constantFrom(...Object.keys(values)), { minLength: 1, maxLength: 6 }),
      which: fc.integer({ min: 0, max: 5 }),
      fill: fc.boolean(),
    })
    .map(({ source, minute, picks, which, fill }) => {
      const cells = Object.fromEntries(
        picks.map((key) => [key, values[key]?.[which % (values[key]?.length ?? 1)] as Json]),
      )
      const at = `08:${String(minute).padStart(2, '0')}`
      return say(source, at, cells, source === 'BILL' && fill ? { key: 'fill' } : {})
    })

  it('gives the same person for the same statements in any order, stored in any order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(statement, { selector: (each) => Object.values(each.cells)[0]?.t, maxLength: 12 }),
        fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
        (statements, order) => {
          const shuffled = statements
            .map((each, i) => ({ each, at: order[i] ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ each }) => ({ ...each, cells: Object.fromEntries(Object.entries(each.cells).reverse()) }))
          assert.equal(canonicalText(shown(...shuffled)), canonicalText(shown(...statements)))
        },
      ),
      { numRuns: 300, seed: 20260302 },
    )
  })

  it('leaves what it was given as it is', () => {
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 8 }), (statements) => {
        const list = joined(...statements)
        const before = canonicalText(list)
        foldPatient(list, { trust: (source) => trustOf[source] ?? 50 })
        assert.equal(canonicalText(list), before)
      }),
      { numRuns: 100, seed: 20260302 },
    )
  })
})
