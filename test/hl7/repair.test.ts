// Named repairs of odd senders: each changes what it names and nothing else; what is wrong with one is said with its remedy.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkRepair, compileRepairs, type Repair, repairNames } from '../../src/hl7/repair.ts'

const head = 'MSH|^~\\&|A|B|P|B|20260401||ADT^A28|1|P|2.5.0\r'
const mend = (repairs: readonly Repair[], body: string, start = head) => {
  const { text, done } = compileRepairs(repairs)(start + body)
  return { text: text.startsWith(start) ? text.slice(start.length) : text, done }
}

const cases: [what: string, repair: Repair, before: string, after: string][] = [
  ['set fills a field', { repair: 'set', at: 'PID-8', to: 'U' }, 'PID|1||7\r', 'PID|1||7|||||U\r'],
  [
    'set with from replaces only these values',
    { repair: 'set', at: 'PID-8', to: 'F', from: ['W', ''] },
    'PID|1|||||||W\rPID|2|||||||M\rPID|3|||||||\r',
    'PID|1|||||||F\rPID|2|||||||M\rPID|3|||||||F\r',
  ],
  [
    'set gives no component to what is not there',
    { repair: 'set', at: 'PID-3.4', to: 'GHH', from: '' },
    'PID|1||7~8^^^X~\rPID|2||\r',
    'PID|1||7^^^GHH~8^^^X~\rPID|2||\r',
  ],
  [
    'set escapes what would be a delimiter',
    { repair: 'set', at: 'PID-8', to: 'A&B' },
    'PID|||||||',
    'PID||||||||A\\T\\B\r',
  ],
  [
    'trim',
    { repair: 'trim', at: ['PID-5.1', 'PID-8'] },
    'PID|||||DOE  ^J |||\x20F\r',
    'PID|||||DOE^J |||F\r',
  ],
  [
    'strip keeps the last character',
    { repair: 'strip', at: 'PID-3.1', with: '0' },
    'PID|||0042^^^X~000\r',
    'PID|||42^^^X~0\r',
  ],
  ['pad', { repair: 'pad', at: 'PID-3.1', with: '0', length: 5 }, 'PID|||42^^^X~\r', 'PID|||00042^^^X~\r'],
  [
    'date',
    { repair: 'date', at: 'PID-7', form: 'MM/DD/YYYY HH:mm' },
    'PID|||||||3/4/1950 08:05\rPID|||||||19500304\r',
    'PID|||||||195003040805\rPID|||||||19500304\r',
  ],
  [
    'date of two digits',
    { repair: 'date', at: 'PID-7', form: 'DD.MM.YY' },
    'PID|||||||04.03.50\r',
    'PID|||||||19500304\r',
  ],
  [
    'date at noon',
    { repair: 'date', at: 'PID-7', form: 'YYYY-MM-DD hh:mm A' },
    'PID|||||||2026-04-01 12:30 PM\r',
    'PID|||||||202604011230\r',
  ],
  ['split', { repair: 'split', at: 'PID-5', with: ', ' }, 'PID|||||DOE, JANE\r', 'PID|||||DOE^JANE\r'],
  [
    'split leaves what has parts',
    { repair: 'split', at: 'PID-5', with: ', ' },
    'PID|||||A, B^C\r',
    'PID|||||A, B^C\r',
  ],
  ['move to an empty field', { repair: 'move', from: 'PID-2', to: 'PID-3' }, 'PID|1|7\r', 'PID|1||7\r'],
  [
    'move to one that is valued',
    { repair: 'move', from: 'PID-4', to: 'PID-3' },
    'PID|1||7|8\r',
    'PID|1||7~8|\r',
  ],
  ['rename', { repair: 'rename', from: ['ZPI', 'XPI'], to: 'PD1' }, 'ZPI|1\rPID|1\r', 'PD1|1\rPID|1\r'],
  ['drop', { repair: 'drop', from: 'ZZZ' }, 'ZZZ|1\rPID|1\r', 'PID|1\r'],
  ['join-lines', { repair: 'join-lines' }, 'NTE|1||one\ntwo|x\rPID|1\r', 'NTE|1||one\\.br\\two|x\rPID|1\r'],
]

describe('repair', () => {
  for (const [what, repair, before, after] of cases) {
    it(what, () => {
      assert.deepEqual(checkRepair(repair), [])
      const { text, done } = mend([repair], before)
      assert.equal(text, before === after ? before : after)
      assert.equal(done.length, before === after ? 0 : 1)
    })
  }

  it('counts fields of MSH as HL7 does, and is named by what it changed', () => {
    const { text, done } = compileRepairs([{ repair: 'set', at: 'MSH-12', to: '2.5.1', from: '2.5.0' }])(head)
    assert.equal(text, head.replace('2.5.0', '2.5.1'))
    assert.deepEqual(done, ['set MSH-12'])
  })

  it('happens in the order of the list', () => {
    const list: Repair[] = [
      { repair: 'move', from: 'PID-2', to: 'PID-3' },
      { repair: 'strip', at: 'PID-3.1', with: '0' },
    ]
    assert.equal(mend(list, 'PID||007\r').text, 'PID|||7\r')
  })

  it('leaves what is no message as it is', () => {
    assert.equal(compileRepairs([{ repair: 'trim', at: 'PID-5' }])('HELLO').text, 'HELLO')
  })

  it('has a case for each name here', () => {
    const tried = new Set(cases.map(([, { repair }]) => repair))
    assert.deepEqual([...tried].sort(), [...repairNames].sort())
  })
})

describe('a wrong repair', () => {
  const wrong: [repair: Repair, says: RegExp][] = [
    [{ repair: 'mend' }, /no repair 'mend' - write one of set, trim/],
    [{ repair: 'set', at: 'PID-8' }, /set has no to - write it/],
    [{ repair: 'trim', at: 'PID8' }, /'PID8' is no position - write PID-3/],
    [{ repair: 'trim', at: 'PID-8', with: '0' }, /no use for with - remove it/],
    [{ repair: 'set', at: 'MSH-3', to: 'X' }, /MSH-3 says which message it is/],
    [{ repair: 'date', at: 'PID-7', form: 'dd/mm' }, /no form of a date - write it with YYYY/],
    [{ repair: 'move', from: 'PID-2', to: 'PV1-3' }, /same segment/],
  ]
  for (const [repair, says] of wrong) {
    it(JSON.stringify(repair), () => assert.match(checkRepair(repair).join('\n'), says))
  }
})
