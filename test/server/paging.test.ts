// A walk through pages while others write: whatever was there throughout comes once, and nothing comes twice, for one
// type and for several, sorted by what is being changed, with what it brings along (FHIR R4 search.html, paging).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Resource } from '../../src/fhir/types.ts'
import { chanceOf } from '../../src/generate/chance.ts'
import { entriesOf, linkOf, type TestApp, testApp } from './setup.ts'

const size = 40
type Chance = ReturnType<typeof chanceOf>

const two = (value: number): string => String(value).padStart(2, '0')
/** Few different values, and none for some, so that many are equal. */
const dayOf = (pick: Chance): string | undefined =>
  pick.below(4) === 0 ? undefined : `2026-03-${two(1 + pick.below(6))}T09:00:00Z`
const without = <T extends object>(all: T): T =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T

const makers: Readonly<Record<string, (id: string, pick: Chance) => Resource>> = {
  Patient: (id, pick) =>
    without({
      resourceType: 'Patient',
      id,
      active: true,
      name: [{ family: pick.one(['Chen', 'Diaz', 'Élan', 'Ford']) }],
      birthDate: pick.below(3) === 0 ? undefined : `19${50 + pick.below(4)}`,
      deceasedBoolean: [true, false, undefined][pick.below(3)],
    }),
  Appointment: (id, pick) =>
    without({
      resourceType: 'Appointment',
      id,
      status: 'booked',
      start: dayOf(pick),
      priority: pick.below(3),
      participant: [{ status: 'accepted', actor: { reference: `Patient/k${pick.below(3)}` } }],
    }),
  Encounter: (id, pick) => {
    const start = dayOf(pick)
    return without({
      resourceType: 'Encounter',
      id,
      status: pick.one(['planned', 'finished']),
      class: { code: 'AMB' },
      subject: { reference: `Patient/k${pick.below(3)}` },
      period: start === undefined ? undefined : { start },
    })
  },
}

const forms: readonly string[] = [
  'Patient?active=true',
  'Patient?active=true&_sort=-family,birthdate',
  'Patient?active=true&_sort=deceased,-birthdate,_id',
  'Appointment?_sort=date',
  'Appointment?_sort=-date&_include=Appointment:patient',
  'Appointment?_sort=-_lastUpdated',
  'Appointment?status=booked&_sort=_lastUpdated&_total=none',
  'Encounter?class=AMB&_sort=status,-date&_include=*',
  '?_type=Appointment,Encounter&_sort=-date&_include=Appointment:patient&_include=Encounter:patient',
  '?_type=Appointment,Patient,Encounter',
  '?_type=Appointment,Encounter&_sort=_lastUpdated',
]

const typesOf = (form: string): string[] =>
  (/_type=([A-Za-z,]+)/.exec(form)?.[1] ?? form.replace(/\?.*/, '')).split(',')

describe('pages while others write', () => {
  let app: TestApp
  /** Id of everything that is there, by type. */
  const there = new Map<string, Set<string>>()
  let made = 0

  before(async () => {
    app = await testApp()
    const pick = chanceOf(1)
    const keep = [0, 1, 2].map((n): Resource => ({ resourceType: 'Patient', id: `k${n}` }))
    await app.writes.put(keep)
    for (const [type, make] of Object.entries(makers)) {
      const ids = Array.from({ length: size }, (_, n) => `${type.charAt(0).toLowerCase()}${(n * 37) % 101}`)
      there.set(type, new Set(ids))
      await app.writes.put(ids.map((id) => make(id, pick)))
    }
  })
  after(() => app.close())

  /** Some updates that move things in every order, a new thing, a thing that goes, and one that comes back. */
  async function disturb(types: readonly string[], pick: Chance, gone: Set<string>): Promise<void> {
    const type = pick.one(types)
    const make = makers[type]
    const ids = there.get(type)
    if (!make || !ids) return
    const some = [...ids]
    const changed = new Map<string, Resource>()
    for (let i = 0; i < 4; i++) {
      const id = pick.one(some)
      changed.set(id, make(id, pick))
    }
    made += 1
    changed.set(`n${made}`, make(`n${made}`, pick))
    ids.add(`n${made}`)
    await app.writes.put([...changed.values()])
    const victim = pick.one(some)
    gone.add(`${type}/${victim}`)
    await app.writes.remove(type, victim)
    if (pick.below(2) === 0) await app.writes.put([make(victim, pick)])
    else ids.delete(victim)
  }

  async function walk(
    path: string,
    between: () => Promise<void>,
  ): Promise<{ seen: string[]; pages: number }> {
    const seen: string[] = []
    let pages = 0
    let next: string | undefined = path
    while (next !== undefined) {
      const page = await app.ask(next)
      assert.equal(page.status, 200, page.text)
      const names = new Set<string>()
      for (const { resource, search } of entriesOf(page)) {
        const name = `${resource?.resourceType}/${resource?.id}`
        names.add(name)
        if (search?.mode === 'match') seen.push(name)
      }
      if (path.includes('_include')) {
        for (const [, target] of page.text.matchAll(/"reference":"(Patient\/k\d)"/g))
          assert.ok(names.has(target ?? ''), `${target} comes with what refers to it`)
      }
      pages += 1
      next = linkOf(page, 'next')
      if (next !== undefined) await between()
    }
    return { seen, pages }
  }

  for (const [place, form] of forms.entries()) {
    for (const count of [4, 15]) {
      test(`${form} by ${count}: nothing is missed, nothing comes twice, the order stays`, async () => {
        const pick = chanceOf(1_000 * place + count)
        const path = `/fhir${form.startsWith('?') ? '' : '/'}${form}`
        const before = (await walk(`${path}&_count=1000`, async () => {})).seen
        assert.ok(before.length >= 20, String(before.length))
        const gone = new Set<string>()
        const { seen, pages } = await walk(`${path}&_count=${count}`, () =>
          disturb(typesOf(form), pick, gone),
        )
        assert.ok(pages > 1)
        assert.equal(new Set(seen).size, seen.length, 'twice')
        // What was deleted meanwhile may be there or not; the rest is what the first page saw, in its order.
        assert.deepEqual(
          seen.filter((name) => !gone.has(name)),
          before.filter((name) => !gone.has(name)),
        )
        for (const name of seen) assert.ok(before.includes(name), `${name} is new`)
      })
    }
  }
})
