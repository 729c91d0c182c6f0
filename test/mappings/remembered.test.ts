// What is remembered of fields changes nothing of what is said: every message is read as if it were the first.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileMaps } from '../../src/mappings/engine/compile.ts'
import { map, sources, tables, thing } from './fixture.ts'

const kin = (relation: string) => [
  'PID|1||1^^^GHH||DOE^JANE',
  `NK1|1|DOE^JOHN|${relation}`,
  `NK1|2|DOE^JIM|${relation}`,
]

describe('remembered codes', () => {
  it('are the same with each message, in value, place and lineage, by segment', () => {
    const first = map('ADT^A01', kin('SPO^Spouse^HL70063'))
    assert.deepEqual(map('ADT^A01', kin('SPO^Spouse^HL70063')), first)
    const spans = first.things
      .filter((each) => each.type === 'Patient.contact')
      .flatMap(({ cells }) => cells.filter(({ field }) => field === 'NK1-3'))
      .flatMap(({ location, spans }) => [location, ...spans.map(({ v2 }) => v2.slice(0, 6))])
    assert.deepEqual(new Set(spans), new Set(['NK1^1^3', 'NK1-3[', 'NK1^2^3', 'NK1[2]']))
  })

  it('that a leaf puts into something else name the row that did', () => {
    const mapped = map('ADT^A01', [`PID|1||1^^^GHH||DOE^JANE${'|'.repeat(21)}USA^United States`])
    const citizen = thing(mapped, 'patient').cells.find(({ field }) => field === 'PID-26')
    assert.ok(citizen && citizen.spans.length > 0)
    for (const { row } of citizen.spans) assert.match(row, /^PID\[Patient\]#\d+$/)
  })

  it('that no table has are told of every message', () => {
    const told = () => map('ADT^A01', ['PID|1||1^^^GHH||DOE^JANE||||||||||XX']).issues
    assert.ok(told().length > 0)
    assert.deepEqual(told(), told())
  })

  it('are those of one source: systems of its own, tables of its own', () => {
    const status = (over: Parameters<typeof map>[2]) => {
      const mapped = map('ADT^A01', ['PID|1||1^^^GHH||DOE^JANE|||||||||||S1'], over)
      return JSON.stringify(thing(mapped, 'patient').cells.find(({ field }) => field === 'PID-16')?.value)
    }
    const own = { codes: () => ({ code: 'M', system: 'urn:own' }) }
    const other = { codes: () => ({ code: 'D', system: 'urn:other' }) }
    for (let time = 0; time < 2; time++) {
      assert.match(status({}), /urn:portico:local:ADT1:0002/)
      assert.match(status({ source: 'LAB|GHH' }), /urn:portico:local:LAB:0002/)
      assert.match(status({ tables: own }), /urn:own/)
      assert.match(status({ tables: other }), /urn:other/)
    }
  })

  it('and people are read by the delimiters of their message', () => {
    const told = (msh2: string) => {
      const msh = `MSH|${msh2}|ADT1|GHH|PORTICO|GHH|20260302090000||ADT${msh2[0]}A01|1|P|2.5.1`
      const { things } = map('ADT^A01', [msh, 'PID|1||1||D||||||||||M^x', 'PV1|1|I|||||7^WELBY^JO$ANN'])
      return JSON.stringify(things.map(({ cells }) => cells))
    }
    const [usual, other] = [told('^~\\&'), told('$~\\&')]
    assert.match(usual, /"family":"WELBY"/)
    assert.doesNotMatch(other, /"family":"WELBY"/)
    assert.deepEqual([told('^~\\&'), told('$~\\&')], [usual, other])
  })

  it('and numbers and times are read by the settings of the source and the clock of the message', () => {
    const said = (over: Parameters<typeof map>[2]) => {
      const name = `DOE^JANE${'^'.repeat(10)}20200101120000`
      const mapped = map('ADT^A01', [`PID|1||1||${name}||||||||^^PH^^^217^5550134`], over)
      const { cells } = thing(mapped, 'patient')
      return JSON.stringify(cells.filter(({ path }) => path === 'name' || path === 'telecom'))
    }
    for (let time = 0; time < 3; time++) {
      assert.match(said({ messageOffset: -360 }), /"start":"2020-01-01T12:00:00-06:00"/)
      assert.match(said({ messageOffset: 60 }), /"start":"2020-01-01T12:00:00\+01:00"/)
      assert.match(said({ countryCode: '1' }), /"value":"\+1 217 5550134"/)
      assert.match(said({ countryCode: '44' }), /"value":"\+44 217 5550134"/)
    }
  })

  it('and texts are the same whether they come again or not, and what a row adds to one is not added to another', () => {
    const set = compileMaps(sources, tables)
    const read = (street: string) =>
      map(
        'ADT^A01',
        ['PID|1||1||DOE^JANE', `NK1|1|DOE^${street}|SPO|${street}||^^PH^^^217^555${street}`],
        {},
        set,
      )
    const [first, constant] = [read('100'), read('7')]
    for (let n = 0; n < 400; n++) {
      if (n % 2 === 0) assert.deepEqual(read('7'), constant)
      read(String(100 + n))
    }
    assert.deepEqual(read('100'), first)
  })

  it('are those of the fields around as well, where a row reads them', () => {
    const set = compileMaps(sources, tables)
    const values = (segment: string, path: string) => {
      const { things } = map('ADT^A01', ['PID|1||1||DOE^JANE', segment], {}, set)
      const cell = things.flatMap(({ cells }) => cells).find((each) => each.path === path)
      return [JSON.stringify(cell?.value), cell?.spans.map(({ v2 }) => v2).join(' ')]
    }
    const said = () => [
      values('DG1|1|I10|I21.9|CHEST PAIN', 'code'),
      values('DG1|1||I21.9|CHEST PAIN', 'code'),
      values('DG1|1||I21.9|ANGINA', 'code'),
      values('DG1|1||I21.9', 'code'),
      values('OBX|1|NM|8302-2||70|kg', 'valueQuantity'),
      values('OBX|1|NM|8302-2||70|lb', 'valueQuantity'),
      values('OBX|1|SN|8302-2||>^70|lb', 'valueQuantity'),
    ]
    const first = said()
    assert.equal(new Set(first.map((each) => each.join())).size, first.length)
    for (let time = 0; time < 3; time++) assert.deepEqual(said(), first)
  })

  it('and what a segment says as the one before did is told of each, where it stands', () => {
    const set = compileMaps(sources, tables)
    const read = (time: string) => {
      const result = (k: number) => `OBX|${k}|NM|8302-2||70|kg|||||F|||${time}`
      const { things, issues } = map('ADT^A01', ['PID|1||1||DOE^JANE', result(1), result(2)], {}, set)
      const cells = things.flatMap((each) => each.cells.filter(({ field }) => field === 'OBX-14'))
      return {
        said: cells.map(({ value, location, spans }) => [value, location, spans[0]?.v2].join(' ')),
        issues: issues.map(({ location }) => location),
      }
    }
    // As long as texts are tried, and when they are not any more.
    for (let second = 0; second < 50; second++) {
      const time = `202603020900${String(second + 10)}`
      const value = `2026-03-02T09:00:${second + 10}-06:00`
      const said = [`${value} OBX^1^14 OBX-14[1]`, `${value} OBX^2^14 OBX[2]-14[1]`]
      assert.deepEqual(read(time), { said, issues: [] })
    }
    assert.deepEqual(read('20261101013000').issues, ['OBX^1^14', 'OBX^2^14'])
  })

  it('are few: after very many others they are made anew, and are the same', () => {
    const set = compileMaps(sources, tables)
    const read = (code: string) =>
      map('ADT^A01', ['PID|1||1^^^GHH||DOE^JANE', `AL1|1|DA|${code}^^L`], {}, set)
    const first = read('c0')
    for (let n = 1; n <= 21_000; n++) read(`c${n}`)
    assert.deepEqual(read('c0'), first)
  })
})
