// Series: who is an occurrence of what, and what the end of the whole means for each (semantics, section 9).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestGateway, testGateway } from './gateway.ts'
import { mrn, msh, pid, segment } from './messages.ts'

type Resource = Record<string, unknown> & { id: string; status: string; start: string }

let gateway: TestGateway
before(async () => {
  gateway = await testGateway()
  gateway.at('2026-03-20T12:00:00-05:00')
})
after(() => gateway.close())

const number = (value: string): string => `${value}^SCHED1^2.16.840.1.113883.19.5.4^ISO`

interface Sent {
  readonly event?: string
  readonly told: string
  readonly own: string
  readonly parent?: string
  readonly occurrence?: string
  readonly day?: string
  readonly status?: string
}

const siu = ({
  event = 'S12',
  told,
  own,
  parent,
  occurrence = '',
  day,
  status = 'Booked',
}: Sent): string[] => [
  msh({ event: `SIU^${event}^SIU_S12`, source: 'SCHED1|GHH', time: told }),
  segment('SCH', {
    2: number(own),
    3: occurrence,
    24: parent ? number(parent) : '',
    25: `${status}^^HL70278`,
  }),
  ...(day === undefined ? [] : [segment('TQ1', { 1: '1', 6: '30^min', 7: `202603${day}100000` })]),
  pid({ 3: mrn('SR1'), 5: 'DOE^JANE^^^^^L' }),
]

const statuses = async (holds: string): Promise<string[]> =>
  ((await gateway.all('Appointment')) as Resource[])
    .filter((each) => JSON.stringify(each).includes(`"${holds}"`) && each.start !== undefined)
    .sort((a, b) => (a.start < b.start ? -1 : 1))
    .map((each) => `${each.start.slice(8, 10)} ${each.status}`)

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((each, i) => permutations(list.toSpliced(i, 1)).map((rest) => [each, ...rest]))
}

describe('a series', () => {
  it('has one appointment for each occurrence, with a number of its own or without', async () => {
    for (const [i, day] of ['10', '17', '24'].entries())
      await gateway.send(...siu({ told: '20260301100000', own: 'UN', occurrence: String(i + 1), day }))
    assert.deepEqual(await statuses('UN'), ['10 booked', '17 booked', '24 booked'])
    const moved = siu({ event: 'S13', told: '20260301110000', own: 'UN', occurrence: '2', day: '18' })
    assert.deepEqual((await gateway.send(...moved)).errors, [])
    assert.deepEqual(await statuses('UN'), ['10 booked', '18 booked', '24 booked'])
    const [first] = ((await gateway.all('Appointment')) as Resource[]).filter((each) =>
      JSON.stringify(each).includes('"UN"'),
    )
    assert.match(JSON.stringify(first?.extension), /series.*"parent".*"UN"/)
  })

  it('that ends calls off what is to come, and leaves what has been, in whatever order the news comes', async () => {
    for (const [n, order] of permutations([0, 1, 2, 3]).entries()) {
      const [parent, a, b] = [`SP${n}`, `SA${n}`, `SB${n}`]
      const messages = [
        siu({ told: '20260301100000', own: a, parent, occurrence: '1', day: '10' }),
        siu({ told: '20260301100100', own: b, parent, occurrence: '2', day: '24' }),
        siu({
          event: 'S14',
          told: '20260310103000',
          own: a,
          parent,
          occurrence: '1',
          day: '10',
          status: 'Complete',
        }),
        siu({ event: 'S16', told: '20260312100000', own: parent, status: 'Discontinued' }),
      ]
      for (const each of order) {
        const { code, errors } = await gateway.send(...(messages[each] ?? []))
        assert.equal(code, 'AA')
        // The series is known by its occurrences, though nobody has booked its own number.
        if (each === 3 && order[0] !== 3) assert.deepEqual(errors, [])
      }
      assert.deepEqual(await statuses(parent), ['10 fulfilled', '24 cancelled'], `order ${order.join()}`)
    }
  })
})
