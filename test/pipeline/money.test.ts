// DFT: what the ledger takes, what it refuses, and what the account shows. HL7 v2 ch. 6; semantics, section 12; invariant I8.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, acceptanceSite, type TestGateway, testGateway } from './gateway.ts'
import { account, mrn, msh, pid, register, segment, visit } from './messages.ts'

type Resource = Record<string, unknown> & { id: string }

let gateway: TestGateway
let minute = 0
before(async () => {
  gateway = await testGateway(
    acceptanceSite((site) => {
      site.sources = [
        ...(site.sources as object[]),
        { id: 'DUE|GHH', token: 'due', coMeaning: 'due', ajSign: 'inverted' },
      ]
    }),
  )
})
after(() => gateway.close())

function later(): string {
  const at = new Date(Date.UTC(2026, 2, 2, 8, minute++))
  return at.toISOString().replace(/[-T:]/g, '').slice(0, 14)
}

type Line = Readonly<Record<number, string>>
const tx = (value: string): string => `${value}^^^BILL1TX&2.16.840.1.113883.19.5.7&ISO`
const line = (kind: string, id: string, amount: string, more: Line = {}): Line => ({
  ...(id === '' ? {} : { 2: tx(id) }),
  4: '20260302103000',
  5: '20260302110000',
  6: kind,
  7: '99213^Office visit^L',
  10: '1',
  11: amount === '' ? '' : `${amount}&USD`,
  ...more,
})

interface Bill {
  readonly who?: string
  readonly account?: string | undefined
  readonly source?: string
  readonly id?: string
}

/** One DFT about patient M1 and account A1, if nothing else is said. */
function post(
  lines: readonly Line[],
  { who = 'M1', source = 'BILL1|GHH', ...bill }: Bill = {},
): Promise<Answer> {
  const time = later()
  const number = 'account' in bill ? bill.account : 'A1'
  return gateway.send(
    msh({ event: 'DFT^P03^DFT_P03', source, time, ...(bill.id === undefined ? {} : { id: bill.id }) }),
    `EVN||${time}`,
    pid({ 3: mrn(who), 5: 'DOE^JANE^^^^^L', ...(number === undefined ? {} : { 18: account(number) }) }),
    ...lines.map((each, i) => segment('FT1', { 1: String(i + 1), ...each })),
  )
}

/** Text of the stored body: decimals with all their digits. */
async function text(rtype: string, holds: string): Promise<string> {
  const rows = await gateway.store.db.read.query<{ body: string }>(
    'test_text',
    `select body::text as body from resource where rtype = $1 and not deleted and position($2 in body::text) > 0`,
    [rtype, `"${holds}"`],
  )
  assert.equal(rows.length, 1, `${rows.length} of ${rtype} with ${holds}`)
  return rows[0]?.body ?? ''
}
const shown = async (rtype: string, holds: string): Promise<Resource> =>
  JSON.parse(await text(rtype, holds)) as Resource
const countOf = async (rtype: string, holds: string): Promise<number> =>
  (await gateway.all(rtype)).filter((each) => JSON.stringify(each).includes(`"${holds}"`)).length

/** Balances of an account as they are written: { USD: '180.00' }. */
async function balance(number: string): Promise<Record<string, string>> {
  const body = await text('Account', number)
  const amounts = [...body.matchAll(/"valueMoney": \{"value": ([-0-9.]+), "currency": "([A-Z]+)"\}/g)]
  return Object.fromEntries(amounts.map(([, value, currency]) => [currency ?? '', value ?? '']))
}

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((each, i) => permutations(list.toSpliced(i, 1)).map((rest) => [each, ...rest]))
}

describe('kinds of lines', () => {
  it('a charge is billable, with price, quantity, code, account, visit and time', async () => {
    const time = later()
    const answer = await gateway.send(
      msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', time }),
      `EVN||${time}`,
      pid({ 3: mrn('M1'), 5: 'DOE^JANE^^^^^L', 18: account('K1') }),
      segment('PV1', { 1: '1', 2: 'O', 19: visit('VK1') }),
      segment('FT1', { 1: '1', ...line('CG', 'K1-1', '150.00'), 25: '99213^Office visit^C4' }),
    )
    assert.deepEqual(answer.errors, [])
    const charge = await shown('ChargeItem', 'K1-1')
    assert.equal(charge.status, 'billable')
    assert.deepEqual(charge.quantity, { value: 1 })
    assert.equal((charge.account as Resource[]).length, 1)
    assert.ok(charge.context)
    assert.equal(charge.occurrenceDateTime, '2026-03-02T10:30:00-06:00')
    assert.match(JSON.stringify(charge.code), /ama-assn/)
    assert.match(await text('ChargeItem', 'K1-1'), /"value": 150\.00/)
  })

  const kinds: [kind: string, amount: string, rtype: string, balance: string][] = [
    ['CG', '150.00', 'ChargeItem', '150.00'],
    ['CD', '20.00', 'ChargeItem', '-20.00'],
    ['PY', '30.00', 'PaymentNotice', '-30.00'],
    ['CO', '30.00', 'PaymentNotice', '-30.00'],
    ['AJ', '-12.50', 'ChargeItem', '-12.50'],
    ['AJ', '12.50', 'ChargeItem', '12.50'],
  ]
  for (const [i, [kind, amount, rtype, expected]] of kinds.entries()) {
    it(`${kind} of ${amount} is a ${rtype} and moves the balance by ${expected}`, async () => {
      assert.equal((await post([line(kind, `S${i}`, amount)], { account: `S-${i}` })).code, 'AA')
      assert.equal(await countOf(rtype, `S${i}`), 1)
      assert.deepEqual(await balance(`S-${i}`), { USD: expected })
    })
  }

  it('a payment is the money and the notice of it, which names account, receiver and date', async () => {
    await post([line('PY', 'P1', '30.00', { 7: 'CASH^Cash^L', 30: 'CHK1^^^CHECKS' })], { account: 'P-1' })
    const notice = await shown('PaymentNotice', 'P1')
    const money = await shown('PaymentReconciliation', 'P1')
    assert.deepEqual(notice.payment, { reference: `PaymentReconciliation/${money.id}` })
    assert.equal(notice.paymentDate, '2026-03-02')
    assert.match(JSON.stringify(notice.identifier), /"value":"P1".*"value":"CHK1"/)
    assert.match(JSON.stringify(money.extension), /payment-medium.*"code":"CASH"/)
    assert.match(JSON.stringify(notice.paymentStatus), /paid/)
    assert.ok(notice.recipient)
    assert.ok(notice.request)
    assert.match(await text('PaymentReconciliation', 'P1'), /"value": 30\.00/)
  })

  it('a source may call CO what is due, and send adjustments with the other sign', async () => {
    await post([line('CO', 'D1', '30.00'), line('AJ', 'D2', '12.50')], { account: 'D-1', source: 'DUE|GHH' })
    assert.equal(await countOf('PaymentNotice', 'D1'), 0)
    assert.equal((await shown('ChargeItem', 'D1')).status, 'billable')
    assert.match(await text('ChargeItem', 'D2'), /"value": -12\.50/)
    assert.deepEqual(await balance('D-1'), { USD: '17.50' })
  })

  it('150 - 30 - 150 + 210 is 180.00', async () => {
    await post([line('CG', 'W1', '150.00')], { account: 'W' })
    await post([line('CO', 'W2', '30.00')], { account: 'W' })
    await post([line('CD', 'W3', '150.00'), line('CG', 'W4', '210.00')], { account: 'W' })
    assert.deepEqual(await balance('W'), { USD: '180.00' })
  })
})

describe('amounts', () => {
  const scales: [sent: string, kept: string][] = [
    ['150', '150'],
    ['150.0', '150.0'],
    ['150.00', '150.00'],
    ['0.125', '0.125'],
    ['12345678901234.56', '12345678901234.56'],
  ]
  for (const [i, [sent, kept]] of scales.entries()) {
    it(`${sent} stays ${kept}`, async () => {
      await post([line('CG', `N${i}`, sent)], { account: `N-${i}` })
      assert.match(await text('ChargeItem', `N${i}`), new RegExp(`"value": ${kept.replace('.', '\\.')},`))
    })
  }

  it('keep their digits when the resource is folded again', async () => {
    await post([line('CG', 'N9', '150.00')], { account: 'N-9' })
    await post([line('CD', 'N10', '150.00')], { account: 'N-9' })
    assert.match(await text('ChargeItem', 'N9'), /"value": 150\.00,/)
    assert.equal((await shown('ChargeItem', 'N9')).status, 'not-billable')
  })

  it('add up without rounding', async () => {
    for (const [i, amount] of ['0.1', '0.2', '0.125', '10', '100.00'].entries())
      await post([line('CG', `R${i}`, amount)], { account: 'R' })
    assert.deepEqual(await balance('R'), { USD: '110.425' })
    await post([line('PY', 'R9', '0.425')], { account: 'R' })
    assert.deepEqual(await balance('R'), { USD: '110.00' })
  })

  it('of several currencies are not added to each other', async () => {
    await post([line('CG', 'E1', '10.00'), line('CG', 'E2', '7.00', { 11: '7.00&EUR' })], { account: 'E' })
    await post([line('PY', 'E3', '2.00', { 11: '2.00&EUR' })], { account: 'E' })
    assert.deepEqual(await balance('E'), { EUR: '5.00', USD: '10.00' })
  })

  it('that are not quantity times unit price are warned about; the total rules', async () => {
    const answer = await post([line('CG', 'X1', '150.00', { 10: '2', 12: '70.00&USD' })], { account: 'X' })
    assert.deepEqual(answer.errors, ['W AMOUNT-MISMATCH FT1^1^11'])
    assert.deepEqual(await balance('X'), { USD: '150.00' })
    const equal = await post([line('CG', 'X2', '140', { 10: '2', 12: '70.00&USD' })], { account: 'X' })
    assert.deepEqual(equal.errors, [])
  })

  it('without a total are quantity times unit price', async () => {
    await post([line('CG', 'X3', '', { 10: '3', 12: '9.99&USD' })], { account: 'X3' })
    assert.deepEqual(await balance('X3'), { USD: '29.97' })
  })
})

describe('a line that comes again', () => {
  it('under a new control id with the same content changes nothing', async () => {
    await post([line('CG', 'G1', '150.00')], { account: 'G' })
    const before = await gateway.all('ChargeItem')
    // 150 is 150.00: the amount is the same, whatever its scale.
    assert.deepEqual((await post([line('CG', 'G1', '150')], { account: 'G' })).errors, [])
    assert.deepEqual(await gateway.all('ChargeItem'), before)
    assert.deepEqual(await balance('G'), { USD: '150.00' })
  })

  const others: [string, Line][] = [
    ['another amount', line('CG', 'G2', '151.00')],
    ['another kind', line('PY', 'G2', '150.00')],
    ['another code', line('CG', 'G2', '150.00', { 7: '99214^Other^L' })],
    ['another currency', line('CG', 'G2', '150.00', { 11: '150.00&EUR' })],
    ['another day', line('CG', 'G2', '150.00', { 4: '20260303103000' })],
  ]
  for (const [what, changed] of others) {
    it(`with ${what} is refused, with a Task, and changes nothing`, async () => {
      await post([line('CG', 'G2', '150.00')], { account: 'G2' })
      const answer = await post([changed], { account: 'G2' })
      assert.equal(answer.code, 'AE')
      assert.deepEqual(answer.errors, ['E LEDGER-CONFLICT FT1^1^2'])
      assert.deepEqual(answer.codes, ['205'])
      assert.deepEqual(await balance('G2'), { USD: '150.00' })
      const tasks = (await gateway.all('Task')).filter((each) => /ledger-conflict/.test(JSON.stringify(each)))
      assert.equal(tasks.filter((each) => JSON.stringify(each).includes('G2')).length, 1)
    })
  }

  it('on another account is refused', async () => {
    await post([line('CG', 'G3', '1.00')], { account: 'G3' })
    assert.deepEqual((await post([line('CG', 'G3', '1.00')], { account: 'G4' })).errors, [
      'E LEDGER-CONFLICT FT1^1^2',
    ])
  })

  it('of another source is another line', async () => {
    await post([line('CG', 'G5', '1.00')], { account: 'G5' })
    assert.equal((await post([line('CG', 'G5', '2.00')], { account: 'G5', source: 'DUE|GHH' })).code, 'AA')
    assert.deepEqual(await balance('G5'), { USD: '3.00' })
  })

  it('takes the whole message with it: nothing of a refused message is posted', async () => {
    await post([line('CG', 'G6', '1.00')], { account: 'G6' })
    assert.equal(
      (await post([line('CG', 'G7', '5.00'), line('CG', 'G6', '2.00')], { account: 'G6' })).code,
      'AE',
    )
    assert.equal(await countOf('ChargeItem', 'G7'), 0)
    assert.deepEqual(await balance('G6'), { USD: '1.00' })
  })

  it('without a number of its own is known by message and set id', async () => {
    await post([line('CG', '', '1.00'), line('CG', '', '2.00')], { account: 'H', id: 'CTRL-H' })
    assert.deepEqual(await balance('H'), { USD: '3.00' })
    await post([line('CG', '', '1.00')], { account: 'H', id: 'CTRL-H2' })
    assert.deepEqual(await balance('H'), { USD: '4.00' })
  })

  it('may stand twice in one message', async () => {
    await post([line('CG', 'H1', '1.00'), line('CG', 'H1', '1.00')], { account: 'H1' })
    assert.deepEqual(await balance('H1'), { USD: '1.00' })
  })
})

describe('credits', () => {
  const partOf = async (id: string): Promise<string | undefined> =>
    ((await shown('ChargeItem', id)).partOf as { reference: string }[] | undefined)?.[0]?.reference
  const chargeOf = async (id: string): Promise<string> => `ChargeItem/${(await shown('ChargeItem', id)).id}`

  it('take back the newest charge of the account with the same code and amount', async () => {
    await post([line('CG', 'C1', '10.00')], { account: 'C' })
    await post([line('CG', 'C2', '10.00')], { account: 'C' })
    await post([line('CG', 'C3', '11.00')], { account: 'C' })
    await post([line('CG', 'C4', '10.00', { 7: '99214^Other^L' })], { account: 'C' })
    await post([line('CD', 'C5', '10.00')], { account: 'C' })
    assert.equal(await partOf('C5'), await chargeOf('C2'))
    assert.equal((await shown('ChargeItem', 'C2')).status, 'not-billable')
    assert.equal((await shown('ChargeItem', 'C1')).status, 'billable')
    await post([line('CD', 'C6', '10.00')], { account: 'C' })
    assert.equal(await partOf('C6'), await chargeOf('C1'))
    assert.deepEqual(await balance('C'), { USD: '21.00' })
  })

  it('negative on the wire or positive, they reduce', async () => {
    await post([line('CG', 'C7', '10.00')], { account: 'C7' })
    await post([line('CD', 'C8', '-10.00')], { account: 'C7' })
    assert.deepEqual(await balance('C7'), { USD: '0.00' })
    assert.match(await text('ChargeItem', 'C8'), /"value": -10\.00/)
  })

  it('that name their charge are part of it; a partial one leaves it billable', async () => {
    await post([line('CG', 'C9', '10.00')], { account: 'C9' })
    await post([line('CG', 'C10', '10.00')], { account: 'C9' })
    await post([line('CD', 'C11', '4.00', { 31: tx('C9') })], { account: 'C9' })
    assert.equal(await partOf('C11'), await chargeOf('C9'))
    assert.equal((await shown('ChargeItem', 'C9')).status, 'billable')
    await post([line('CD', 'C12', '10.00', { 31: tx('C9') })], { account: 'C9' })
    assert.equal((await shown('ChargeItem', 'C9')).status, 'not-billable')
    assert.deepEqual(await balance('C9'), { USD: '6.00' })
  })

  it('without a charge are kept as they are, and a person is told', async () => {
    const answer = await post([line('CD', 'C13', '99.00')], { account: 'C13' })
    assert.deepEqual(answer.errors, [])
    assert.equal(await partOf('C13'), undefined)
    assert.deepEqual(await balance('C13'), { USD: '-99.00' })
    const tasks = (await gateway.all('Task')).filter((each) => /unmatched-credit/.test(JSON.stringify(each)))
    assert.equal(tasks.filter((each) => JSON.stringify(each).includes('C13')).length, 1)
  })

  it('find their charges in whatever order both come', async () => {
    const lines: [id: string, line: (id: string) => Line][] = [
      ['a', (id) => line('CG', id, '10.00', { 5: '20260302110000' })],
      ['b', (id) => line('CG', id, '10.00', { 5: '20260302120000' })],
      ['x', (id) => line('CD', id, '10.00', { 5: '20260302113000' })],
      ['z', (id) => line('CD', id, '10.00', { 5: '20260302130000', 31: tx(id.replace('z', 'b')) })],
    ]
    const seen = new Set<string>()
    for (const [n, order] of permutations(lines).entries()) {
      for (const [id, make] of order)
        await post([make(`${id}${n}q`)], { account: `Q-${n}`, source: 'BILL1|GHH' })
      const names = new Map<string | undefined, string>()
      for (const id of ['a', 'b']) names.set(await chargeOf(`${id}${n}q`), id)
      const pairs = await Promise.all(
        ['x', 'z'].map(async (id) => `${id}:${names.get(await partOf(`${id}${n}q`)) ?? '-'}`),
      )
      const statuses = await Promise.all(
        ['a', 'b'].map(async (id) => (await shown('ChargeItem', `${id}${n}q`)).status),
      )
      seen.add(`${pairs.join(' ')} ${statuses.join(' ')}`)
      assert.deepEqual(await balance(`Q-${n}`), { USD: '0.00' })
    }
    assert.deepEqual([...seen], ['x:a z:b not-billable not-billable'])
  })

  it('the Task for a credit without a charge is done when the charge comes', async () => {
    await post([line('CD', 'T1', '10.00')], { account: 'T-1' })
    const task = async () =>
      (await gateway.all('Task')).find((each) => JSON.stringify(each).includes('|T1')) as Resource
    assert.equal((await task()).status, 'requested')
    await post([line('CG', 'T2', '10.00')], { account: 'T-1' })
    assert.equal(await partOf('T1'), await chargeOf('T2'))
    assert.equal((await task()).status, 'completed')
  })

  it('an adjustment that names its charge is part of it, also when the charge comes later', async () => {
    await post([line('AJ', 'J1', '-2.00', { 31: tx('J2') })], { account: 'J-1' })
    assert.equal(await partOf('J1'), undefined)
    await post([line('CG', 'J2', '10.00')], { account: 'J-1' })
    assert.equal(await partOf('J1'), await chargeOf('J2'))
    assert.equal((await shown('ChargeItem', 'J2')).status, 'billable')
    assert.deepEqual(await balance('J-1'), { USD: '8.00' })
  })

  it('a line without a number that is like another is posted, and a person is asked', async () => {
    await post([line('CG', '', '3.00')], { account: 'L-1', id: 'CTRL-L1' })
    await post([line('CG', '', '3.00')], { account: 'L-1', id: 'CTRL-L2' })
    assert.deepEqual(await balance('L-1'), { USD: '6.00' })
    const tasks = (await gateway.all('Task')).filter((each) => /duplicate-charge/.test(JSON.stringify(each)))
    assert.equal(tasks.filter((each) => JSON.stringify(each).includes('CTRL-L2')).length, 1)
  })

  it('and their charge may come in one message', async () => {
    await post([line('CG', 'C14', '10.00'), line('CD', 'C15', '10.00')], { account: 'C14' })
    assert.equal(await partOf('C15'), await chargeOf('C14'))
  })
})

describe('accounts', () => {
  it('a line without an account is kept and moves no balance', async () => {
    assert.deepEqual((await post([line('CG', 'B1', '5.00')], { account: undefined })).errors, [])
    assert.equal((await shown('ChargeItem', 'B1')).account, undefined)
  })

  it('an account that is not known is made, of the patient', async () => {
    await post([line('CG', 'B2', '5.00')], { account: 'B2' })
    const patient = (await gateway.all('Patient')).find((each) =>
      JSON.stringify(each.identifier).includes('"M1"'),
    )
    assert.deepEqual((await shown('Account', 'B2')).subject, [
      { reference: `Patient/${(patient as Resource).id}` },
    ])
  })

  it('an account of somebody else is refused', async () => {
    await post([line('CG', 'B3', '5.00')], { account: 'B3' })
    await gateway.send(...register('M2', {}, { time: later() }))
    const answer = await post([line('CG', 'B4', '5.00')], { account: 'B3', who: 'M2' })
    assert.deepEqual(answer.errors, ['E ID-CONFLICT PID^1^18'])
    assert.equal(await countOf('ChargeItem', 'B4'), 0)
  })

  it('a transaction type that table 0017 does not have is refused', async () => {
    assert.equal((await post([line('ZZ', 'B5', '5.00')], { account: 'B5' })).code, 'AE')
    assert.deepEqual((await post([line('', 'B6', '5.00')], { account: 'B5' })).errors, ['E 101 FT1^1^6'])
  })

  it('a bill’s word about the person counts only for what nobody else speaks of', async () => {
    await gateway.send(...register('M3', { 16: 'M' }, { time: later() }))
    const time = later()
    const bill = (fields: Line) => [
      msh({ event: 'DFT^P03^DFT_P03', source: 'BILL1|GHH', time: later() }),
      `EVN||${time}`,
      pid({ 3: mrn('M3'), 5: 'BILL^JANE^^^^^L', ...fields }),
      segment('FT1', { 1: '1', ...line('CG', 'B7', '5.00') }),
    ]
    const answer = await gateway.send(...bill({ 16: 'S', 15: 'en^English^HL70296' }))
    assert.deepEqual(answer.errors, [])
    const patient = async () =>
      (await gateway.all('Patient')).find((each) =>
        JSON.stringify(each.identifier).includes('"M3"'),
      ) as Resource
    assert.match(JSON.stringify((await patient()).maritalStatus), /"M"/)
    assert.match(JSON.stringify((await patient()).name), /DOE/)
    assert.match(JSON.stringify((await patient()).communication), /"en"/)
    await gateway.send(...register('M3', { 15: 'es^Spanish^HL70296' }, { time: '20260301080000' }))
    assert.match(JSON.stringify((await patient()).communication), /"es"/)
  })
})

describe('a line for an account that has been closed', () => {
  it('is posted, and a person is asked (late-charge), once', async () => {
    await post([line('CG', 'LATE1', '10.00')], { account: 'LATE' })
    const asked = async () =>
      (await gateway.all('Task')).filter((each) => JSON.stringify(each.code).includes('"late-charge"'))
    assert.deepEqual(await asked(), [])
    const time = later()
    const closed = await gateway.send(
      msh({ event: 'BAR^P06^BAR_P06', time }),
      `EVN||${time}`,
      pid({ 3: mrn('M1'), 5: 'DOE^JANE^^^^^L', 18: account('LATE') }),
    )
    assert.equal(closed.code, 'AA')
    for (const _ of [1, 2]) {
      const answer = await post([line('CG', 'LATE2', '5.00')], { account: 'LATE' })
      assert.deepEqual([answer.code, answer.errors], ['AA', []])
    }
    assert.deepEqual(await balance('LATE'), { USD: '15.00' })
    const found = await asked()
    assert.equal(found.length, 1)
    assert.match(String(found[0]?.description), /LATE2/)
  })
})
