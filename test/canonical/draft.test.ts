// What one message changes on top of the world: statements, versions, merges; taken over as a whole or dropped.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Assertion, CellKey } from '../../src/canonical/truth/contribution.ts'
import { Draft } from '../../src/canonical/truth/draft.ts'
import { Miss, World } from '../../src/canonical/truth/world.ts'
import type { Json } from '../../src/mappings/mapped.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'
import { ms } from './events.ts'

/** Its sources are others than those of these tests, which are all trusted alike. */
const site = acceptanceSite()

/** A world that knows nothing and is never asked to load anything. */
function world(): World {
  const empty = new World()
  empty.collected = []
  return empty
}

let messages = 0
const draftOn = (on: World): Draft => new Draft(on, String(++messages), site)

const at = (
  time: string,
  cells: Readonly<Record<CellKey, Json>>,
  i = String(messages),
): Record<CellKey, Assertion> => {
  const t = ms(`2026-03-02T${time}:00-06:00`)
  return Object.fromEntries(Object.entries(cells).map(([key, v]) => [key, { v, t, m: t, i }]))
}

/** Applies one statement and takes it over. Returns the draft and the stale cells. */
function state(
  on: World,
  source: string,
  time: string,
  cells: Readonly<Record<CellKey, Json>>,
  rtype = 'Patient',
) {
  const draft = draftOn(on)
  const stale = draft.assert(rtype, 'p', source, at(time, cells))
  draft.fold()
  draft.commit()
  return { draft, stale }
}

const bodyOf = (on: World, rtype = 'Patient', id = 'p') => on.entity(rtype, id).body

describe('a draft', () => {
  it('changes nothing until it is taken over', () => {
    const on = world()
    const dropped = draftOn(on)
    dropped.assert('Patient', 'p', 'ADT', at('08:00', { 'gender<PID-8': 'male' }))
    dropped.register('Patient', 'urn:a', '1', 'p')
    dropped.fold()
    assert.equal(dropped.entity('Patient', 'p').body?.gender, 'male')
    assert.equal(bodyOf(on), undefined)
    assert.equal(draftOn(on).lookup('Patient', 'urn:a', '1'), undefined)
    dropped.commit()
    assert.equal(bodyOf(on)?.gender, 'male')
    assert.deepEqual(draftOn(on).lookup('Patient', 'urn:a', '1'), { id: 'p' })
  })

  it('makes one version of a thing, however often it is folded', () => {
    const on = world()
    const draft = draftOn(on)
    draft.assert('Patient', 'p', 'ADT', at('08:00', { 'gender<PID-8': 'male' }))
    draft.fold()
    draft.assert('Patient', 'p', 'ADT', at('09:00', { 'gender<PID-8': 'female' }))
    draft.fold()
    assert.deepEqual(
      draft.changes.map(({ op, version, before, body }) => [op, version, before, body?.gender]),
      [['create', 1, undefined, 'female']],
    )
    draft.commit()
    const next = state(on, 'ADT', '10:00', { 'gender<PID-8': 'male' }).draft
    assert.deepEqual(
      next.changes.map(({ op, version, before, body }) => [op, version, before?.gender, body?.gender]),
      [['update', 2, 'female', 'male']],
    )
  })

  it('that changes nothing makes no version', () => {
    const on = world()
    state(on, 'ADT', '08:00', { 'gender<PID-8': 'male' })
    assert.deepEqual(state(on, 'ADT', '09:00', { 'gender<PID-8': 'male' }).draft.changes, [])
    assert.deepEqual(state(on, 'REG', '09:30', { 'gender<PID-8': 'male' }).draft.changes, [])
    assert.deepEqual(state(on, 'ADT', '07:00', { 'gender<PID-8': 'female' }).draft.changes, [])
  })

  it('asks for what is not loaded', () => {
    assert.throws(() => draftOn(new World()).entity('Patient', 'p'), Miss)
    assert.throws(() => draftOn(new World()).lookup('Patient', 'urn:a', '1'), Miss)
    assert.throws(() => draftOn(new World()).survivor('Patient/p'), Miss)
  })
})

describe('a statement', () => {
  it('that is older and differs is stale, field by field; one that is equal is not', () => {
    const on = world()
    state(on, 'ADT', '10:00', { 'gender<PID-8': 'male', 'maritalStatus<PID-16': { text: 'M' } })
    const { stale } = state(on, 'ADT', '09:00', {
      'gender<PID-8': 'female',
      'maritalStatus<PID-16': { text: 'M' },
      'birthDate<PID-7': '1980-01-01',
    })
    assert.deepEqual(stale, ['gender<PID-8'])
    assert.equal(bodyOf(on)?.gender, 'male')
    assert.equal(bodyOf(on)?.birthDate, '1980-01-01')
  })

  it('of one time with another is decided by the message that came later, by its number', () => {
    const on = world()
    const first = at('08:00', { 'maritalStatus<PID-16': { text: 'M' } }, '999')
    const second = at('08:00', { 'maritalStatus<PID-16': { text: 'S' } }, '1000')
    for (const cells of [first, second]) {
      const draft = draftOn(on)
      assert.deepEqual(draft.assert('Patient', 'p', 'ADT', cells), [])
      draft.fold()
      draft.commit()
    }
    assert.deepEqual(bodyOf(on)?.maritalStatus, { text: 'S' })
  })

  it('of a latest-wins group is stale when another source has said something else since', () => {
    const on = world()
    state(on, 'REG', '10:00', { 'maritalStatus<PID-16': { text: 'M' }, 'gender<PID-8': 'male' })
    const { stale } = state(on, 'ADT', '09:00', {
      'maritalStatus<PID-16': { text: 'S' },
      'gender<PID-8': 'female',
    })
    assert.deepEqual(stale, ['maritalStatus<PID-16'])
  })

  it('about the home is not stale because of a later one about the office', () => {
    const on = world()
    const phone = (use: string, value: string): Json => [{ system: 'phone', use, value }]
    state(on, 'REG', '10:00', { 'telecom<PID-14': phone('work', '2') })
    assert.deepEqual(state(on, 'ADT', '09:00', { 'telecom<PID-13': phone('home', '1') }).stale, [])
    assert.deepEqual(state(on, 'WREG', '09:30', { 'telecom<PID-14': phone('work', '3') }).stale, [
      'telecom<PID-14',
    ])
    const telecom = bodyOf(on)?.telecom as { value: string }[]
    assert.deepEqual(telecom.map((each) => each.value).sort(), ['1', '2'])
  })

  it('that is said again without its rival counts again', () => {
    const on = world()
    state(on, 'ADT', '08:00', { 'multipleBirthBoolean<PID-24': false })
    state(on, 'ADT', '09:00', { 'multipleBirthInteger<PID-25': 2 })
    assert.equal(bodyOf(on)?.multipleBirthInteger, 2)
    state(on, 'ADT', '10:00', { 'multipleBirthBoolean<PID-24': false })
    assert.equal(bodyOf(on)?.multipleBirthInteger, undefined)
    assert.equal(bodyOf(on)?.multipleBirthBoolean, false)
  })
})

describe('projections', () => {
  it('are kept with the thing that they tell, and taken back', () => {
    const on = world()
    const draft = draftOn(on)
    draft.contribute('Slot', 's', {
      source: 'gateway',
      key: 'derived',
      i: '1',
      cells: {},
      data: { status: 'busy' },
    })
    draft.fold()
    draft.commit()
    assert.equal(bodyOf(on, 'Slot', 's')?.status, 'busy')
    const back = draftOn(on)
    back.withdraw('Slot', 's', 'gateway', 'derived')
    back.fold()
    assert.deepEqual(
      back.changes.map((each) => [each.op, each.version]),
      [['delete', 2]],
    )
    back.commit()
    assert.equal(on.entity('Slot', 's').deleted, true)
  })

  it('do not make a thing exist', () => {
    const draft = draftOn(world())
    draft.contribute('Appointment', 'a', { source: 'gateway', key: 'visit:e', i: '1', cells: {}, data: [] })
    assert.equal(draft.exists('Appointment', 'a'), false)
    assert.equal(draft.exists('Patient', 'p'), false)
  })
})

describe('merged records', () => {
  const refer = (patient: string) => ({ 'subject<PID-3': { reference: patient } })

  it('are read as the survivor, in one hop after a chain', () => {
    const on = world()
    const draft = draftOn(on)
    draft.aliases.set('Patient', 'a', 'b')
    draft.aliases.set('Patient', 'b', 'c')
    draft.aliases.set('Patient', 'a', 'c')
    assert.equal(draft.survivorId('Patient', 'a'), 'c')
    assert.equal(draft.survivor('Patient/a'), 'Patient/c')
    assert.equal(draft.survivor('Practitioner/a'), 'Practitioner/a')
    assert.deepEqual([...draft.members('Patient', 'c')].sort(), ['a', 'b'])
    assert.deepEqual([...draft.members('Patient', 'b')], [])
    draft.commit()
    assert.equal(draftOn(on).survivorId('Patient', 'a'), 'c')
  })

  it('leave no reference to themselves in what is folded, and all others as they are', () => {
    const on = world()
    on.merges.set('Patient/old', 'new')
    on.merges.set('Patient/new', null)
    const draft = draftOn(on)
    draft.assert(
      'ChargeItem',
      'c',
      'BILL',
      at('08:00', { ...refer('Patient/old'), 'context<PV1-19': { reference: 'Encounter/e' } }),
    )
    draft.fold()
    const body = draft.entity('ChargeItem', 'c').body
    assert.deepEqual(body?.subject, { reference: 'Patient/new' })
    assert.deepEqual(body?.context, { reference: 'Encounter/e' })
  })

  it('whether a patient that is not loaded was merged is asked before it is referred to', () => {
    const on = new World()
    on.entities.set('ChargeItem/c', {
      rtype: 'ChargeItem',
      id: 'c',
      version: 0,
      deleted: false,
      updatedAt: 0,
      hash: undefined,
      body: undefined,
      contributions: new Map(),
    })
    const draft = draftOn(on)
    draft.assert('ChargeItem', 'c', 'BILL', at('08:00', refer('Patient/old')))
    assert.throws(
      () => draft.fold(),
      (error) => error instanceof Miss && 'id' in error.need && error.need.id === 'old',
    )
  })
})

describe('a visit and its appointment', () => {
  const visit = (draft: Draft) =>
    draft.contribute('Encounter', 'e', {
      source: 'ADT',
      key: draft.messageId,
      event: 'ADT^A04',
      t: 1,
      m: 1,
      i: draft.messageId,
      cells: {
        'appointment<PV1-50': { v: [{ reference: 'Appointment/a' }], t: 1, m: 1, i: draft.messageId },
      },
    })
  const booking = (draft: Draft) =>
    draft.contribute('Appointment', 'a', {
      source: 'SCHED',
      key: draft.messageId,
      event: 'SIU^S12',
      t: 0,
      m: 0,
      i: draft.messageId,
      cells: {
        '$start<TQ1-7': { v: '2026-03-06T10:00:00Z', t: 0, m: 0, i: draft.messageId },
        '$duration<TQ1-6': { v: 15, t: 0, m: 0, i: draft.messageId },
        'subject<PID-3': { v: { reference: 'Patient/p' }, t: 0, m: 0, i: draft.messageId },
      },
    })
  const tell = (on: World, ...what: readonly ((draft: Draft) => void)[]) => {
    for (const each of what) {
      const draft = draftOn(on)
      each(draft)
      draft.fold()
      draft.commit()
    }
  }

  it('find each other, whichever comes first', () => {
    const [one, other] = [world(), world()]
    tell(one, booking, visit)
    tell(other, visit)
    assert.equal(bodyOf(other, 'Encounter', 'e')?.appointment, undefined, 'there is nothing yet to refer to')
    tell(other, booking)
    for (const on of [one, other]) {
      assert.deepEqual(bodyOf(on, 'Encounter', 'e')?.appointment, [{ reference: 'Appointment/a' }])
      assert.equal(bodyOf(on, 'Appointment', 'a')?.status, 'checked-in')
    }
  })
})

describe('folding', () => {
  it('is done once for what a thing keeps for itself, and again for what others tell it', () => {
    const on = world()
    const folded: string[] = []
    const draft = new Draft(on, '1', site, (rtype, id) => {
      folded.push(id)
      return {
        body: { resourceType: rtype },
        projections: ['b', 'c'].map((to) => ({ rtype, id: to, key: `from:${id}`, data: true })),
      }
    })
    draft.touch('Basic', 'b')
    draft.fold()
    assert.deepEqual(folded, ['b', 'c', 'b'])
    assert.equal(draft.contribution('Basic', 'b', 'gateway', 'from:b')?.data, true)
  })

  it('that does not end is an error, and nothing of it is taken over', () => {
    const on = world()
    let told = 0
    const draft = new Draft(on, '1', site, (_rtype, id) => ({
      body: { resourceType: 'Basic' },
      projections: [{ rtype: 'Basic', id: id === 'b' ? 'c' : 'b', key: 'echo', data: ++told }],
    }))
    draft.touch('Basic', 'b')
    assert.throws(() => draft.fold(), /folding does not end: Basic\/[bc]/)
    assert.equal(bodyOf(on, 'Basic', 'b'), undefined)
  })
})
