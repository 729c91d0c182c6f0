import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { arrange, fitsEvent, type Group, structureOf } from '../../src/hl7/structure.ts'
import { STRUCTURES } from '../../src/hl7/structures.generated.ts'
import { printStructures, structuresOfDictionary } from './dictionary.ts'
import { MSH, parsed, text } from './messages.ts'

function arranged(type: string, segments: string, structure?: string) {
  const lines = segments.split(' ').map((name) => `${name}|1`)
  return arrange(parsed(text(MSH.replace('ADT^A01^ADT_A01', type), ...lines)), structure)
}

/** `NAME(own segments GROUP(..))`, the MSH left out. */
function show(group: Group): string {
  const own = group.segments.map(({ name }) => name).filter((name) => name !== 'MSH')
  return `${group.name}(${[...own, ...group.groups.map(show)].join(' ')})`
}

const shown = (type: string, segments: string) => show(arranged(type, segments))
const names = (segments: readonly { readonly name: string }[]) => segments.map(({ name }) => name).join(' ')

test('the committed structures are those of the dictionary', () => {
  const file = join(import.meta.dirname, '../../src/hl7/structures.generated.ts')
  assert.equal(readFileSync(file, 'utf8'), printStructures(structuresOfDictionary(structureOf)))
})

test('table 0354: events share structures', () => {
  const expected: Record<string, string> = {
    'ADT^A01': 'ADT_A01',
    'ADT^A04': 'ADT_A01',
    'ADT^A08': 'ADT_A01',
    'ADT^A13': 'ADT_A01',
    'ADT^A02': 'ADT_A02',
    'ADT^A03': 'ADT_A03',
    'ADT^A11': 'ADT_A09',
    'ADT^A28': 'ADT_A05',
    'ADT^A31': 'ADT_A05',
    'ADT^A40': 'ADT_A39',
    'SIU^S26': 'SIU_S12',
    'DFT^P03': 'DFT_P03',
  }
  for (const [event, structure] of Object.entries(expected)) {
    assert.equal(structureOf(...(event.split('^') as [string, string])), structure, event)
    assert.ok(STRUCTURES[structure], structure)
  }
  assert.equal(structureOf('ADT', 'Z99'), undefined)
  assert.equal(structureOf('__proto__', ''), undefined)
  assert.equal(fitsEvent('ADT_A04', 'ADT', 'A04'), false)
})

test('MSH-9.3 is used when the event is not in the table, and not when it disagrees', () => {
  assert.equal(arranged('ADT^A04^ADT_A04', 'EVN PID PV1').name, 'ADT_A01')
  assert.equal(arranged('ADT^A04', 'EVN PID PV1').name, 'ADT_A01')
  assert.equal(show(arranged('ADT^Z01^ADT_A39', 'EVN PID MRG')), 'ADT_A39(EVN PATIENT(PID MRG))')
  assert.equal(show(arranged('ADT^A01', 'EVN PID MRG', 'ADT_A39')), 'ADT_A39(EVN PATIENT(PID MRG))')
})

test('ADT: IN2 and IN3 are with their IN1, PR1 with its ROL, the rest with the message', () => {
  assert.equal(
    shown(
      'ADT^A01',
      'EVN PID PD1 ROL NK1 NK1 PV1 PV2 ROL OBX AL1 DG1 PR1 ROL PR1 GT1 IN1 IN2 IN3 ROL IN1 IN2 ACC',
    ),
    'ADT_A01(EVN PID PD1 ROL NK1 NK1 PV1 PV2 ROL OBX AL1 DG1 GT1 ACC PROCEDURE(PR1 ROL) PROCEDURE(PR1)' +
      ' INSURANCE(IN1 IN2 IN3 ROL) INSURANCE(IN1 IN2))',
  )
})

test('A40: each PID has its own MRG and PV1', () => {
  const merged = arranged('ADT^A40', 'EVN PID PD1 MRG PV1 PID MRG PID MRG')
  assert.equal(show(merged), 'ADT_A39(EVN PATIENT(PID PD1 MRG PV1) PATIENT(PID MRG) PATIENT(PID MRG))')
  assert.equal(merged.misplaced.length, 0)
  const [, second] = merged.children('PATIENT')
  assert.equal(second?.path, 'ADT_A39.PATIENT[2]')
  assert.equal(second?.first('MRG')?.occurrence, 2)
})

test('A17: a swap has two patients', () => {
  assert.equal(shown('ADT^A17', 'EVN PID PV1 PID PV1'), 'ADT_A17(EVN PATIENT(PID PV1) PATIENT(PID PV1))')
})

test('SIU: AIS, AIG, AIL, AIP and their NTE are in their RGS', () => {
  assert.equal(
    shown('SIU^S12', 'SCH TQ1 NTE PID PV1 DG1 RGS AIS NTE AIG NTE AIL AIP NTE RGS AIS AIS AIP'),
    'SIU_S12(SCH TQ1 NTE PATIENT(PID PV1 DG1)' +
      ' RESOURCES(RGS SERVICE(AIS NTE) GENERAL_RESOURCE(AIG NTE) LOCATION_RESOURCE(AIL) PERSONNEL_RESOURCE(AIP NTE))' +
      ' RESOURCES(RGS SERVICE(AIS) SERVICE(AIS) PERSONNEL_RESOURCE(AIP)))',
  )
})

test('DFT: each FT1 has its own NTE and PR1', () => {
  assert.equal(
    shown('DFT^P03', 'EVN PID PV1 FT1 NTE PR1 FT1 PR1 PR1 DG1 GT1 IN1 IN2 IN1'),
    'DFT_P03(EVN PID PV1 DG1 GT1 FINANCIAL(FT1 NTE FINANCIAL_PROCEDURE(PR1))' +
      ' FINANCIAL(FT1 FINANCIAL_PROCEDURE(PR1) FINANCIAL_PROCEDURE(PR1)) INSURANCE(IN1 IN2) INSURANCE(IN1))',
  )
})

test('vendor shapes: SIU without RGS, resources before the patient or out of order', () => {
  assert.equal(
    shown('SIU^S12', 'SCH PID PV1 AIG AIL AIP AIP AIS'),
    'SIU_S12(SCH PATIENT(PID PV1) RESOURCES(GENERAL_RESOURCE(AIG) LOCATION_RESOURCE(AIL)' +
      ' PERSONNEL_RESOURCE(AIP) PERSONNEL_RESOURCE(AIP) SERVICE(AIS)))',
  )
  assert.equal(
    shown('SIU^S12', 'SCH RGS AIP AIL AIS PID PV1'),
    'SIU_S12(SCH RESOURCES(RGS PERSONNEL_RESOURCE(AIP) LOCATION_RESOURCE(AIL) SERVICE(AIS)) PATIENT(PID PV1))',
  )
  assert.equal(
    shown('SIU^S12', 'SCH PID AIS RGS AIL'),
    'SIU_S12(SCH PATIENT(PID) RESOURCES(RGS SERVICE(AIS) LOCATION_RESOURCE(AIL)))',
  )
})

test('vendor shapes: IN2 before IN1, after IN3, or after something else', () => {
  assert.equal(
    shown('ADT^A08', 'EVN PID PV1 IN2 IN1 IN1 IN3 IN2 GT1 IN3'),
    'ADT_A01(EVN PID PV1 GT1 INSURANCE(IN2 IN1) INSURANCE(IN1 IN3 IN2 IN3))',
  )
  assert.equal(
    shown('DFT^P03', 'EVN PID PV1 IN1 FT1 FT1 IN2'),
    'DFT_P03(EVN PID PV1 INSURANCE(IN1 IN2) FINANCIAL(FT1) FINANCIAL(FT1))',
  )
})

test('vendor shapes: insurance and guarantor where the structure has none', () => {
  const moved = arranged('ADT^A02', 'EVN PID PV1 GT1 IN1 IN2 IN1')
  assert.equal(show(moved), 'ADT_A02(EVN PID PV1 GT1 INSURANCE(IN1 IN2) INSURANCE(IN1))')
  assert.equal(names(moved.unexpected), 'GT1 IN1 IN2 IN1')
  const booked = arranged('SIU^S12', 'SCH PID PV1 GT1 IN1 IN2 RGS AIS')
  assert.equal(
    show(booked),
    'SIU_S12(SCH PATIENT(PID PV1 GT1 INSURANCE(IN1 IN2)) RESOURCES(RGS SERVICE(AIS)))',
  )
})

test('S13 E11 a segment out of order keeps its group and is reported; what follows is not', () => {
  const message = arranged('ADT^A01', 'EVN PV1 PID IN1 NK1 IN2 OBX')
  assert.equal(show(message), 'ADT_A01(EVN PV1 PID NK1 OBX INSURANCE(IN1 IN2))')
  assert.equal(names(message.misplaced), 'PID NK1 OBX')
})

test('S13 a Z segment, an unknown segment or a line that is none is in the group of the one before', () => {
  const message = arranged('ADT^A01', 'EVN PID ZPD PV1 IN1 ZIN IN2 QQQ GT1 ZGT', undefined)
  assert.equal(show(message), 'ADT_A01(EVN PID ZPD PV1 GT1 ZGT INSURANCE(IN1 ZIN IN2 QQQ))')
  assert.equal(names(message.unexpected), 'QQQ')
  const merge = arranged('ADT^A40', 'EVN PID MRG ZZZ PID MRG')
  assert.equal(show(merge), 'ADT_A39(EVN PATIENT(PID MRG ZZZ) PATIENT(PID MRG))')
})

test('a group knows its segments, its groups and what is around it', () => {
  const message = arranged('DFT^P03', 'EVN PID PV1 FT1 FT1 PR1')
  const [, second] = message.children('FINANCIAL')
  const procedure = second?.groups[0]
  assert.equal(procedure?.path, 'DFT_P03.FINANCIAL[2].FINANCIAL_PROCEDURE')
  assert.equal(procedure?.nearest('PID')?.name, 'PID')
  assert.equal(procedure?.nearest('FT1')?.occurrence, 2)
  const pr1 = procedure?.first('PR1')
  assert.ok(pr1)
  assert.equal(message.groupOf(pr1), procedure)
  assert.equal(message.all('EVN').length, 1)
})

test('a message without a known structure is one group', () => {
  assert.equal(shown('QBP^Q22', 'QPD RCP'), 'QBP_Q22(QPD RCP)')
  assert.equal(shown('', 'PID'), '(PID)')
  assert.equal(shown('__proto__^x', 'PID'), '__proto___x(PID)')
})

test('every segment is in exactly one group, whatever the order', () => {
  const segment = fc.constantFrom(
    ...'MSH EVN PID PD1 NK1 PV1 PV2 OBX AL1 DG1 PR1 ROL GT1 IN1 IN2 IN3 MRG SCH TQ1 NTE RGS AIS AIG AIL AIP FT1 ZZZ QQQ'.split(
      ' ',
    ),
  )
  const type = fc.constantFrom('ADT^A01', 'ADT^A40', 'SIU^S12', 'DFT^P03', 'BAR^P01', 'ORU^R01', 'X^Y')
  const count = (group: Group): number =>
    group.segments.length + group.groups.reduce((sum, child) => sum + count(child), 0)
  fc.assert(
    fc.property(type, fc.array(segment, { minLength: 1, maxLength: 30 }), (event, list) => {
      const message = arranged(event, list.join(' '))
      assert.equal(count(message), list.length + 1)
      const check = (group: Group) => {
        for (const each of group.segments) assert.equal(message.groupOf(each), group)
        const order = group.segments.map(({ index }) => index)
        assert.deepEqual(
          order,
          order.toSorted((a, b) => a - b),
        )
        assert.ok(group === message || group.segments.length + group.groups.length > 0)
        group.groups.forEach(check)
      }
      check(message)
    }),
    { numRuns: 1_000 },
  )
})

test('H02 a hundred thousand alternating segments are arranged in one pass', () => {
  const message = arranged('DFT^P03', `EVN PID${' FT1 IN2'.repeat(40_000)}`)
  assert.equal(message.children('FINANCIAL').length, 40_000)
  assert.equal(message.children('INSURANCE').length, 1)
})
