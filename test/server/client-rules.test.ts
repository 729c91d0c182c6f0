// What clients write beside what messages say: conditional creates, contacts, calendars (semantics, sections 5, 9, 15).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { chanceOf } from '../../src/generate/chance.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { mrn, msh, pid, register, segment, visit as visitNumber } from '../pipeline/messages.ts'
import { type Answer, type TestApp, testApp } from './setup.ts'

type Body = Record<string, unknown> & { id: string }

const system = 'urn:oid:2.16.840.1.113883.19.7.2'

describe('a client', () => {
  let app: TestApp
  before(async () => {
    app = await testApp({
      site: acceptanceSite((site) => {
        site.schedules = [
          ...(site.schedules as object[]),
          {
            id: 'SCH-R1',
            owner: 'SCHED1|GHH',
            actor: { type: 'Location', system: 'urn:portico:location:GHH', value: 'OR-R1' },
          },
        ]
      }),
    })
    app.at('2026-03-06T12:00:00-06:00')
  })
  after(() => app.close())

  const post = (rtype: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
    app.ask(`/fhir/${rtype}`, {
      method: 'POST',
      as: 'frontdesk',
      body: { resourceType: rtype, ...body },
      headers,
    })
  const idOf = (answer: Answer): string => String(answer.body.id)
  const one = async (rtype: string, holds: string): Promise<Body> => {
    const found = ((await app.all(rtype)) as Body[]).filter((each) =>
      JSON.stringify(each).includes(`"${holds}"`),
    )
    assert.equal(found.length, 1, `${rtype} with ${holds}`)
    return found[0] as Body
  }

  describe('that tells of the places of a visit', () => {
    const place = (extra: object = {}) => ({ location: { display: 'Ward 3' }, ...extra })
    const visit = { class: { code: 'IMP' }, subject: { reference: 'Patient/nobody' } }
    const start = '2026-03-01T08:00:00-06:00'
    const end = '2026-03-02T08:00:00-06:00'
    const cases: [what: string, written: object, shown: object[]][] = [
      ['going on', { status: 'in-progress', location: [place()] }, [place()]],
      ['over, nobody says since when', { status: 'finished', location: [place()] }, [place()]],
      [
        'over, with its time',
        { status: 'finished', period: { start, end }, location: [place()] },
        [place({ status: 'completed', period: { end } })],
      ],
      [
        'over, with the time of the place alone',
        { status: 'finished', location: [place({ period: { start, end } })] },
        [place({ period: { start, end } })],
      ],
      [
        'over, with a place that was in use',
        { status: 'finished', location: [place({ status: 'active' })] },
        [place({ status: 'completed' })],
      ],
    ]
    for (const [what, written, shown] of cases) {
      test(`is not made to say more than it did: ${what}`, async () => {
        const made = await post('Encounter', { ...visit, ...written })
        assert.deepEqual(made.body.location, shown, made.text)
      })
    }

    test('is heard until a message ends the stay', async () => {
      const event = (code: string, time: string): string[] => [
        msh({ event: code, time }),
        `EVN||${time}`,
        pid({ 3: mrn('PLACE1'), 5: 'DOE^JANE^^^^^L' }),
        segment('PV1', { 1: '1', 2: 'I', 19: visitNumber('VPLACE1') }),
      ]
      await app.send(event('ADT^A01^ADT_A01', '20260301080000').join('\r'))
      const admitted = await one('Encounter', 'VPLACE1')
      const written = await app.ask(`/fhir/Encounter/${admitted.id}`, {
        method: 'PUT',
        as: 'frontdesk',
        headers: { 'if-match': 'W/"1"' },
        body: { ...admitted, location: [place()] },
      })
      assert.deepEqual([written.status, written.body.location], [200, [place()]], written.text)
      await app.send(event('ADT^A03^ADT_A03', '20260306123000').join('\r'))
      assert.deepEqual((await one('Encounter', 'VPLACE1')).location, [
        place({ status: 'completed', period: { end: '2026-03-06T12:30:00-06:00' } }),
      ])
    })
  })

  describe('that writes a master', () => {
    const bodies: Readonly<Record<string, object>> = {
      Practitioner: { identifier: [{ system, value: 'plain' }], name: [{ family: 'Plain' }] },
      PractitionerRole: { specialty: [{ text: 'x' }] },
      Organization: { name: 'Plain Hospital' },
      RelatedPerson: { patient: { reference: 'Patient/nobody' } },
      Location: { name: 'Plain House' },
    }
    for (const [rtype, body] of Object.entries(bodies)) {
      test(`gets a ${rtype} back as it wrote it, with nothing put in`, async () => {
        const made = await post(rtype, body)
        const { meta: _meta, ...shown } = made.body
        assert.deepEqual(shown, { resourceType: rtype, id: made.body.id, ...body })
      })
    }
  })

  describe('that creates unless there is one (If-None-Exist)', () => {
    const patient = { reference: 'Patient/nobody' }
    const bodies: [rtype: string, body: object][] = [
      ['Coverage', { status: 'active', beneficiary: patient, payor: [{ display: 'x' }] }],
      ['RelatedPerson', { patient }],
      ['ChargeItem', { status: 'billable', code: { text: 'x' }, subject: patient }],
    ]
    for (const [rtype, body] of bodies) {
      test(`gets the ${rtype} that has the identifier, also of many at once`, async () => {
        const value = `INE-${rtype}`
        const header = { 'if-none-exist': `identifier=${system}|${value}` }
        const send = () => post(rtype, { ...body, identifier: [{ system, value }] }, header)
        const answers = await Promise.all([send(), send(), send()])
        assert.deepEqual(answers.map((each) => each.status).sort(), [200, 200, 201])
        assert.equal((await send()).status, 200)
        assert.equal(new Set([...answers.map(idOf), idOf(await send())]).size, 1)
        await one(rtype, value)
      })
    }

    test('finds what a message has made; of several none is meant', async () => {
      await app.send(
        msh({ event: 'ADT^A28^ADT_A05' }),
        'EVN||20260302080000',
        pid({ 3: mrn('CV1'), 5: 'DOE^JANE^^^^^L' }),
        'PV1|1|N',
        segment('IN1', {
          1: '1',
          2: 'P1^Plan',
          3: 'PAY1^^^PAYERID&2.16.840.1.113883.19.7.1&ISO^NIIP',
          4: 'Payer',
          36: 'POL-77',
        }),
      )
      const coverage = (await app.all('Coverage')).find((each) =>
        JSON.stringify(each).includes('POL-77'),
      ) as Body
      const [identifier] = (coverage?.identifier ?? []) as { system: string; value: string }[]
      if (identifier) {
        const header = { 'if-none-exist': `identifier=${identifier.system}|${identifier.value}` }
        const answer = await post('Coverage', bodies[0]?.[1] ?? {}, header)
        assert.deepEqual([answer.status, idOf(answer)], [200, coverage.id])
      }
      for (const _ of [1, 2])
        await post('RelatedPerson', { patient, identifier: [{ system, value: 'TWICE' }] })
      const twice = await post(
        'RelatedPerson',
        { patient },
        { 'if-none-exist': `identifier=${system}|TWICE` },
      )
      assert.equal(twice.status, 412)
    })
  })

  test('that sends a person’s contacts back has not said those of others', async () => {
    const nk1 = (name: string) => segment('NK1', { 1: '1', 2: name, 3: 'SPO' })
    const told = (time: string, name: string) => [
      ...register('CT1', {}, { time }).slice(0, 3),
      nk1(name),
      'PV1|1|N',
    ]
    await app.send(...told('20260302080000', 'DOE^JOHN'))
    const { id } = await one('Patient', 'CT1')
    const read = await app.ask(`/fhir/Patient/${id}`)
    const contact = [...(read.body.contact as object[]), { name: { family: 'Friend' } }]
    const put = await app.ask(`/fhir/Patient/${id}`, {
      method: 'PUT',
      as: 'frontdesk',
      body: { ...read.body, contact },
      headers: { 'if-match': read.headers.get('etag') ?? '' },
    })
    assert.equal(put.status, 200)
    assert.equal((put.body.contact as object[]).length, 2)
    await app.send(...told('20260306130000', 'ROE^JIM'))
    const names = JSON.stringify((await one('Patient', 'CT1')).contact)
    assert.deepEqual(
      ['JOHN', 'JIM', 'Friend'].map((each) => names.includes(each)),
      [false, true, true],
    )
  })

  describe('that books', () => {
    const npi = 'http://hl7.org/fhir/sid/us-npi'
    const booking = (actor: string, from: string, to: string, more: object = {}) => ({
      status: 'booked',
      start: `2026-03-12T${from}:00-05:00`,
      end: `2026-03-12T${to}:00-05:00`,
      participant: [{ actor: { reference: actor }, status: 'accepted' }],
      ...more,
    })
    let doctor = ''
    before(async () => {
      const answer = await post('Practitioner', { identifier: [{ system: npi, value: '1245319599' }] })
      doctor = `Practitioner/${idOf(answer)}`
    })

    test('taken time is told who was there before, in local time; free time is booked', async () => {
      assert.equal((await post('Appointment', booking(doctor, '09:00', '09:30'))).status, 201)
      const taken = await post('Appointment', booking(doctor, '09:15', '09:45'))
      assert.equal(taken.status, 409)
      const text = JSON.stringify(taken.body)
      assert.match(text, /"conflict"/)
      assert.match(text, /2026-03-12T09:00:00-05:00/)
      const next = await post('Appointment', booking(doctor, '09:30', '10:00'))
      assert.equal(next.status, 201)
      const patch = (from: string, to: string) =>
        app.ask(`/fhir/Appointment/${idOf(next)}`, {
          method: 'PATCH',
          as: 'frontdesk',
          headers: { 'content-type': 'application/json-patch+json', 'if-match': 'W/"1"' },
          body: [
            { op: 'replace', path: '/start', value: `2026-03-12T${from}:00-05:00` },
            { op: 'replace', path: '/end', value: `2026-03-12T${to}:00-05:00` },
          ],
        })
      const moved = await patch('09:00', '09:30')
      assert.equal(moved.status, 409)
    })

    test('the same time with others at once gets one of them booked', async () => {
      const answers = await Promise.all(
        Array.from({ length: 6 }, () => post('Appointment', booking(doctor, '11:00', '11:30'))),
      )
      assert.deepEqual(answers.map((each) => each.status).sort(), [201, 409, 409, 409, 409, 409])
    })

    test('I7: of many bookings at once none overlap, and what stays free is booked', async () => {
      const chance = chanceOf(20260313)
      const time = (minutes: number) =>
        `2026-03-13T${String(13 + Math.floor(minutes / 60))}:${String(minutes % 60).padStart(2, '0')}:00-05:00`
      const wishes = Array.from({ length: 40 }, () => {
        const from = chance.below(16) * 15
        return { from, to: from + 15 + chance.below(4) * 15 }
      })
      const answers = await Promise.all(
        wishes.map(({ from, to }) =>
          post('Appointment', booking(doctor, '', '', { start: time(from), end: time(to) })),
        ),
      )
      const booked = wishes.filter((_, i) => answers[i]?.status === 201).sort((a, b) => a.from - b.from)
      const meets = (a: { from: number; to: number }, b: { from: number; to: number }) =>
        a.from < b.to && b.from < a.to
      for (const [i, each] of booked.entries())
        assert.ok(!booked.slice(i + 1).some((other) => meets(each, other)), JSON.stringify(booked))
      for (const wish of wishes)
        assert.ok(
          booked.some((each) => meets(each, wish)),
          JSON.stringify(wish),
        )
      assert.ok(answers.every(({ status }) => status === 201 || status === 409))
    })

    test('on somebody else’s schedule, a room’s too, gets a Task that holds the wish, and nothing is booked', async () => {
      await app.send(
        msh({ event: 'SIU^S12^SIU_S12', source: 'SCHED1|GHH' }),
        segment('SCH', { 2: 'FR1^SCHED1^2.16.840.1.113883.19.5.4^ISO', 25: 'Booked^^HL70278' }),
        segment('TQ1', { 1: '1', 6: '30^min', 7: '20260313100000' }),
        pid({ 3: mrn('FR1'), 5: 'DOE^JANE^^^^^L' }),
        'RGS|1|A',
        segment('AIL', { 1: '1', 2: 'A', 3: 'OR^R1^^GHH' }),
      )
      const room = await one('Location', 'OR-R1')
      const before = (await app.all('Appointment')).length
      const answer = await post('Appointment', booking(`Location/${room.id}`, '14:00', '14:30'))
      assert.equal(answer.status, 202)
      assert.equal(answer.body.resourceType, 'Task')
      assert.match(JSON.stringify(answer.body), /filler-request.*SCHED1\|GHH/)
      const [wanted] = answer.body.contained as unknown as Body[]
      assert.deepEqual([wanted?.resourceType, wanted?.start], ['Appointment', '2026-03-12T14:00:00-05:00'])
      assert.equal((await app.all('Appointment')).length, before)
    })

    test('may ask the owner to take an appointment away: it stays until then', async () => {
      const { id } = await one('Appointment', 'FR1')
      const answer = await app.ask(`/fhir/Appointment/${id}`, { method: 'DELETE', as: 'frontdesk' })
      assert.equal(answer.status, 202)
      assert.match(JSON.stringify(answer.body), /asks SCHED1\|GHH to cancel/)
      assert.equal((await one('Appointment', 'FR1')).status, 'booked')
    })

    test('and takes its appointment away has its time free again', async () => {
      const booked = await post('Appointment', booking(doctor, '15:00', '15:30'))
      assert.equal(
        (await app.ask(`/fhir/Appointment/${idOf(booked)}`, { method: 'DELETE', as: 'frontdesk' })).status,
        204,
      )
      const slots = (await app.all('Slot')) as Body[]
      assert.equal(
        slots.some((each) => each.start === '2026-03-12T15:00:00-05:00'),
        false,
      )
      assert.equal((await post('Appointment', booking(doctor, '15:00', '15:30'))).status, 201)
    })
  })

  test('that takes a doctor away hides the name until a message says it again', async () => {
    const told = (time: string) => [
      msh({ event: 'ADT^A01^ADT_A01', time }),
      `EVN||${time}`,
      pid({ 3: mrn('DD1'), 5: 'DOE^JANE^^^^^L' }),
      segment('PV1', {
        1: '1',
        2: 'I',
        7: '1881624419^WHO^DOC^^^^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI',
        19: 'VDD1^^^GHHVN',
      }),
    ]
    await app.send(...told('20260306110000'))
    const { id } = await one('Practitioner', '1881624419')
    assert.equal(
      (await app.ask(`/fhir/Practitioner/${id}`, { method: 'DELETE', as: 'frontdesk' })).status,
      204,
    )
    assert.equal((await app.ask(`/fhir/Practitioner/${id}`)).status, 410)
    app.at('2026-03-06T14:00:00-06:00')
    await app.send(...told('20260306133000'))
    assert.equal((await one('Practitioner', '1881624419')).id, id)
  })
})
