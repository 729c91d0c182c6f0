// Decisions 224 to 254: FT1, what DFT messages have in common, BLG (mapping-decisions.csv; HL7 v2.9.1 chapter 6; semantics,
// section 12).
import { type Decision, type Messages, pid, pv1 } from './heard.ts'

const number = '2=T1^^^BILL1TX'
/** A charge of 100.00 with these fields. */
const charged = (fields: string, ...more: readonly string[]): Messages => [
  ['DFT^P03', pid, pv1, `FT1 1=1;${number};4=20260302;6=CG;7=CDM1^Visit^L;11=100.00&USD;${fields}`, ...more],
]
const line = (n: number, type: string, fields: string): readonly string[] => [
  'DFT^P03',
  pid,
  pv1,
  `FT1 1=1;2=T${n}^^^BILL1TX;4=20260302;6=${type};${fields}`,
]
const ext = (name: string) => `ChargeItem.ext('${name}').value`
const balance =
  "Account.extension('http://hl7.org/fhir/5.0/StructureDefinition/extension-Account.balance').extension('amount').value.value"
const taking = (path: string, value: unknown, fields: string) => ({
  hears: charged(fields),
  gives: { [path]: value },
})

export const money: readonly Decision[] = [
  {
    n: 224,
    field: 'FT1-1',
    decided: 'counts; with the number of the message the key where FT1-2 is empty',
    hears: [
      [
        'DFT^P03',
        pid,
        pv1,
        'FT1 1=1;4=20260302;6=CG;7=A^A^L;11=1&USD',
        'FT1 1=2;4=20260302;6=CG;7=A^A^L;11=1&USD',
      ],
    ],
    gives: { 'ChargeItem.priceOverride.value': [1, 1], [balance]: 2 },
  },
  {
    n: 225,
    field: 'FT1-2',
    decided: 'the key: the same line sent again is not charged again',
    hears: [line(1, 'CG', '7=CDM1^Visit^L;11=100&USD'), line(1, 'CG', '7=CDM1^Visit^L;11=100&USD')],
    gives: {
      'ChargeItem.identifier.value': 'T1',
      'ChargeItem.identifier.system': 'urn:oid:2.16.840.1.113883.19.100.7',
      [balance]: 100,
    },
  },
  {
    n: 225,
    field: 'FT1-2',
    decided: 'with other content it is refused',
    hears: [line(1, 'CG', '7=CDM1^Visit^L;11=100&USD'), line(1, 'CG', '7=CDM1^Visit^L;11=90&USD')],
    says: ['E LEDGER-CONFLICT FT1^1^2'],
  },
  { n: 226, field: 'FT1-3', decided: 'extension batch', ...taking(ext('batch'), 'B7', '3=B7') },
  {
    n: 227,
    field: 'FT1-4',
    decided: 'one time, or a period',
    hears: [['DFT^P03', pid, pv1, `FT1 1=1;${number};4=20260302^20260303;6=CG;7=CDM1^Visit^L;11=1&USD`]],
    gives: { 'ChargeItem.occurrence': { start: '2026-03-02', end: '2026-03-03' } },
  },
  {
    n: 227,
    field: 'FT1-4',
    decided: 'one time, or a period',
    ...taking('ChargeItem.occurrence', '2026-03-02', '10=1'),
  },
  {
    n: 228,
    field: 'FT1-5',
    decided: 'when it was entered',
    ...taking('ChargeItem.enteredDate', '2026-03-04', '5=20260304'),
  },
  {
    n: 229,
    field: 'FT1-6',
    decided: 'CG is billable',
    hears: charged('10=1'),
    gives: { 'ChargeItem.status': 'billable', [balance]: 100 },
  },
  {
    n: 229,
    field: 'FT1-6',
    decided: 'CD offsets the charge that it names, which is not billable any more',
    hears: [
      line(1, 'CG', '7=CDM1^Visit^L;11=100&USD'),
      line(2, 'CD', '7=CDM1^Visit^L;11=100&USD;31=T1^^^BILL1TX'),
    ],
    gives: {
      "ChargeItem.select(identifier.value & ' ' & status & ' ' & priceOverride.value.toString())": [
        'T1 not-billable 100',
        'T2 billable -100',
      ],
      'ChargeItem.partOf.reference': 'ChargeItem/T1',
      [balance]: 0,
    },
  },
  {
    n: 229,
    field: 'FT1-6',
    decided: 'PY is money and the notice of it, AJ counts as it was sent',
    hears: [
      line(1, 'CG', '7=CDM1^Visit^L;11=100&USD'),
      line(2, 'PY', '7=CASH^Cash^L;11=30&USD'),
      line(3, 'AJ', '7=ADJ^Adj^L;11=-5&USD'),
    ],
    gives: {
      'PaymentNotice.amount': { value: 30, currency: 'USD' },
      'PaymentNotice.payment.reference': 'PaymentReconciliation/T2',
      'PaymentNotice.paymentStatus.codes()': 'paymentstatus|paid',
      'PaymentReconciliation.paymentAmount.value': 30,
      "PaymentReconciliation.ext('payment-medium').value.text": 'Cash',
      [balance]: 65,
    },
  },
  {
    n: 230,
    field: 'FT1-7',
    decided: 'code of the charge master',
    ...taking('ChargeItem.code.codes()', 'v2-0132|CDM1', '7=CDM1^Visit^HL70132'),
  },
  {
    n: 231,
    field: 'FT1-8/9',
    decided: 'descriptions',
    hears: charged('8=Long words;9=Other words'),
    gives: { [ext('description')]: 'Long words', [ext('alternate-description')]: 'Other words' },
    departs: 'Extensions beside the text of the code, which FT1-7 has itself.',
  },
  { n: 232, field: 'FT1-10', decided: 'quantity', ...taking('ChargeItem.quantity.value', 2, '10=2') },
  {
    n: 232,
    field: 'FT1-10',
    decided: 'one where it is empty',
    ...taking('ChargeItem.quantity.value', 1, '5=20260304'),
  },
  {
    n: 233,
    field: 'FT1-11/12',
    decided: 'the total; the price of one beside it',
    hears: charged('10=2;12=50&USD'),
    gives: {
      'ChargeItem.priceOverride': { value: 100, currency: 'USD' },
      [ext('unit-price')]: { value: 50, currency: 'USD' },
    },
    says: [],
  },
  {
    n: 233,
    field: 'FT1-11/12',
    decided: 'without FT1-11 it is quantity times price, in the currency of the site',
    hears: [['DFT^P03', pid, pv1, `FT1 1=1;${number};4=20260302;6=CG;7=CDM1^Visit^L;10=3;12=50.10`]],
    gives: { 'ChargeItem.priceOverride': { value: 150.3, currency: 'USD' } },
  },
  {
    n: 233,
    field: 'FT1-11/12',
    decided: 'a total that is another one counts, with a warning',
    hears: charged('10=3;12=50&USD'),
    gives: { 'ChargeItem.priceOverride.value': 100 },
    says: ['W AMOUNT-MISMATCH FT1^1^11'],
  },
  {
    n: 234,
    field: 'FT1-13',
    decided: 'cost center',
    ...taking('ChargeItem.costCenter.reference', 'Organization/CC1', '13=CC1^Cost'),
  },
  {
    n: 235,
    field: 'FT1-14/15',
    decided: 'plan and what it pays',
    hears: charged('14=PPO^Choice^HL70072;15=20&USD'),
    gives: {
      [`${ext('insurance-plan')}.codes()`]: 'v2-0072|PPO',
      [ext('insurance-amount')]: { value: 20, currency: 'USD' },
    },
    departs: 'No link to a Coverage: a plan is no policy. In DFT^P11 the IN1 of the charge is linked.',
  },
  {
    n: 236,
    field: 'FT1-16',
    decided: 'where',
    ...taking(`${ext('charge-location')}.reference`, 'Location/3N-1', '16=3N^1'),
  },
  {
    n: 237,
    field: 'FT1-17/18/22',
    decided: 'fee schedule, type of patient, cost of one',
    hears: charged('17=FS^^HL70024;18=PT^^HL70018;22=10&USD'),
    gives: {
      [`${ext('fee-schedule')}.codes()`]: 'v2-0024|FS',
      [`${ext('patient-type')}.codes()`]: 'v2-0018|PT',
      [ext('unit-cost')]: { value: 10, currency: 'USD' },
    },
  },
  {
    n: 238,
    field: 'FT1-19',
    decided: 'all reasons',
    ...taking('ChargeItem.reason.coding.code', ['J10', 'J11'], '19=J10^Flu^I10~J11^Cold^I10'),
  },
  {
    n: 239,
    field: 'FT1-20',
    decided: 'who performed it',
    hears: charged('20=7^A^B'),
    gives: {
      'ChargeItem.performer.actor.reference': 'Practitioner/7',
      'ChargeItem.performer.function.codes()': 'v3-ParticipationType|PPRF',
    },
  },
  {
    n: 240,
    field: 'FT1-21',
    decided: 'who ordered it',
    hears: charged('21=8^C^D'),
    gives: {
      'ChargeItem.performer.actor.reference': 'Practitioner/8',
      'ChargeItem.performer.function.codes()': 'v3-ParticipationType|REF',
    },
  },
  {
    n: 241,
    field: 'FT1-23',
    decided: 'the order by its number',
    hears: charged('23=O1^DESK'),
    gives: {
      'ChargeItem.supportingInformation.identifier.value': 'O1',
      'ChargeItem.supportingInformation.type': 'ServiceRequest',
      'ServiceRequest.id': [],
    },
  },
  {
    n: 242,
    field: 'FT1-24',
    decided: 'who entered it',
    ...taking('ChargeItem.enterer.reference', 'Practitioner/9', '24=9^E^F'),
  },
  {
    n: 243,
    field: 'FT1-25/26',
    decided: 'a second coding of the charge, with its modifiers',
    hears: charged('25=99213^Office^C4;26=25^Mod^C4~59^Mod^C4'),
    gives: {
      'ChargeItem.code.coding.code': ['CDM1', '99213'],
      'ChargeItem.code.coding[1].system': 'http://www.ama-assn.org/go/cpt',
      [`${ext('procedure-modifier')}.coding.code`]: ['25', '59'],
    },
  },
  {
    n: 243,
    field: 'FT1-25/26',
    decided: 'service is the procedure of its group',
    hears: charged('10=1', 'PR1 1=1;3=99213^Office^C4;5=20260302;19=PX1^RGH'),
    gives: { 'ChargeItem.service.reference': 'Procedure/PX1' },
  },
  {
    n: 244,
    field: 'FT1-27/28',
    decided: 'notice to the beneficiary, medical necessity',
    hears: charged('27=1^^HL70339;28=8^^HL70476'),
    gives: {
      [`${ext('advance-beneficiary-notice')}.codes()`]: 'v2-0339|1',
      [`${ext('medical-necessity')}.codes()`]: 'v2-0476|8',
    },
  },
  {
    n: 245,
    field: 'FT1-29/43',
    decided: 'product and how much',
    hears: charged('29=0071-0155^Drug^NDC;43=3^ml'),
    gives: {
      'ChargeItem.product.codes()': 'http://hl7.org/fhir/sid/ndc|0071-0155',
      [ext('product-quantity')]: { value: 3, unit: 'ml' },
    },
  },
  {
    n: 246,
    field: 'FT1-30',
    decided: 'number of the payment',
    hears: [line(2, 'PY', '7=CHECK^Check^L;11=30&USD;30=CHK1^^^BILL1TX')],
    gives: { 'PaymentNotice.identifier.value': ['T2', 'CHK1'] },
  },
  {
    n: 247,
    field: 'FT1-31',
    decided: 'the charge that a credit is of',
    hears: [
      line(1, 'CG', '7=A^A^L;11=10&USD'),
      line(2, 'CG', '7=A^A^L;11=10&USD'),
      line(3, 'CD', '7=A^A^L;11=10&USD;31=T1^^^BILL1TX'),
    ],
    gives: { "ChargeItem.where(identifier.value='T3').partOf.reference": 'ChargeItem/T1' },
  },
  {
    n: 248,
    field: 'FT1-32/33',
    decided: 'performing and requesting organization',
    hears: charged('32=PERF^^1;33=REQ^^2'),
    gives: {
      'ChargeItem.performingOrganization.reference': 'Organization/1',
      'ChargeItem.requestingOrganization.reference': 'Organization/2',
    },
  },
  {
    n: 249,
    field: 'FT1-34..37',
    decided: 'item, model, special processing, clinic',
    hears: charged('34=IT;35=MODEL;36=SPC;37=CL'),
    gives: {
      [`${ext('item-number')}.coding.code`]: 'IT',
      [ext('model-number')]: 'MODEL',
      [`${ext('special-processing')}.coding.code`]: 'SPC',
      [`${ext('clinic')}.coding.code`]: 'CL',
    },
  },
  {
    n: 250,
    field: 'FT1-38/39',
    decided: 'referral and authorization numbers',
    hears: charged('38=REF1;39=AUTH1'),
    gives: { [ext('referral-number')]: 'REF1', [ext('authorization')]: 'AUTH1' },
  },
  {
    n: 251,
    field: 'FT1-40/41',
    decided: 'taxonomy, revenue code',
    hears: charged('40=TAX;41=0450^^HL70456'),
    gives: {
      [`${ext('provider-taxonomy')}.coding.code`]: 'TAX',
      [`${ext('revenue-code')}.codes()`]: 'v2-0456|0450',
    },
  },
  {
    n: 252,
    field: 'FT1-42',
    decided: 'prescription number',
    ...taking(ext('prescription-number'), 'RX1', '42=RX1'),
  },
  {
    n: 253,
    field: 'DFT common',
    decided: 'account PID-18, visit PV1-19, patient PID-3',
    hears: charged('10=1'),
    gives: {
      'ChargeItem.account.reference': 'Account/A1',
      'ChargeItem.context.reference': 'Encounter/V1',
      'ChargeItem.subject.reference': 'Patient/MRN1',
    },
  },
  {
    n: 253,
    field: 'DFT common',
    decided: 'P11: what stands in the group of a charge is of that charge',
    hears: [
      [
        'DFT^P11',
        pid,
        pv1,
        `FT1 1=1;${number};4=20260302;6=CG;7=CDM1^Visit^L;11=5&USD`,
        'DG1 1=1;3=J10^Flu^I10;20=DX1^RGH',
        'GT1 1=1;2=G1;3=ROE^R;11=SPO',
        'IN1 1=1;2=PLAN1;3=PAY1;17=SEL;36=POL1',
      ],
    ],
    gives: {
      'ChargeItem.supportingInformation.reference': ['Condition/DX1', 'Coverage/POL1'],
      [`${ext('guarantor')}.reference`]: 'RelatedPerson/G1',
      'Account.coverage': [],
      'Account.guarantor': [],
    },
  },
  {
    n: 254,
    field: 'BLG-1..4',
    decided: 'of the charge before it',
    hears: charged('10=1', 'BLG 1=D^^HL70100;2=CH^^HL70122;3=BACC^^^RGHACCT;4=RSN'),
    gives: {
      [`${ext('when-to-charge')}.codes()`]: 'v2-0100|D',
      [`${ext('charge-type')}.codes()`]: 'v2-0122|CH',
      [`${ext('billing-account')}.value`]: 'BACC',
      [`${ext('charge-type-reason')}.coding.code`]: 'RSN',
    },
    departs: 'BLG-3 is an extension: the account of a charge is PID-18, by which its balance is counted.',
  },
]
