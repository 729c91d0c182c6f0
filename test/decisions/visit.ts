// Decisions 50 to 103: PV1, PV2, MRG, ROL (mapping-decisions.csv; HL7 v2.9.1 chapters 3 and 15).
import { type Decision, type Messages, pid, pv1 } from './heard.ts'

/** An admission with these fields of PV1, and further segments. */
const admitted = (fields: string, ...more: readonly string[]): Messages => [
  ['ADT^A01', pid, `PV1 2=I;19=V1^^^RGHVN^VN;${fields}`, ...more],
]
const of = (patientClass: string): Messages => [['ADT^A01', pid, `PV1 2=${patientClass};19=V1^^^RGHVN^VN`]]
/** What PV2 says of an admission. */
const said = (fields: string): Messages => [['ADT^A01', pid, pv1, `PV2 ${fields}`]]
const fhir5 = (name: string) =>
  `Encounter.extension('http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.${name}').value`
const taking = (path: string, value: unknown, hears: Messages) => ({
  hears,
  gives: { [path]: value },
})

export const visit: readonly Decision[] = [
  {
    n: 50,
    field: 'PV1-1',
    decided: 'counts segments',
    hears: [
      ['ADT^A01', pid, 'PV1 1=1;2=I;19=V1^^^RGHVN^VN'],
      ['ADT^A08', pid, 'PV1 1=4;2=I;19=V1^^^RGHVN^VN'],
    ],
    gives: { 'Encounter.identifier.value': 'V1' },
  },
  ...(
    [
      ['E', 'v3-ActCode|EMER', []],
      ['I', 'v3-ActCode|IMP', []],
      ['O', 'v3-ActCode|AMB', []],
      ['P', 'v3-ActCode|PRENC', []],
      ['R', 'v3-ActCode|AMB', 'R'],
      ['B', 'v3-ActCode|IMP', 'B'],
      ['U', 'v2-0004|U', []],
      ['C', [], []],
      ['N', [], []],
    ] as const
  ).map(([sent, code, kept]) => ({
    n: 51,
    field: 'PV1-2',
    decided: `${sent} is ${code.length === 0 ? 'no visit' : String(code)}`,
    hears: of(sent),
    gives: { 'Encounter.class.pair()': code, "Encounter.class.ext('patient-class').value": kept },
  })),
  ...(['A28', 'A31'] as const).map((event) => ({
    n: 51,
    field: 'PV1-2',
    decided: `${event} is of the person: what its PV1 says of a visit is residue`,
    hears: [[`ADT^${event}`, pid, 'PV1 2=I;3=3N^1;19=V1^^^RGHVN^VN']],
    gives: { 'Encounter.id': [] },
    residue: ['PV1-3', 'PV1-19'],
  })),
  {
    n: 52,
    field: 'PV1-2 (status)',
    decided: 'the status follows the events, never the class',
    hears: [['ADT^A05', pid, 'PV1 2=I;19=V1^^^RGHVN^VN']],
    gives: { 'Encounter.status': 'planned' },
  },
  {
    n: 52,
    field: 'PV1-2 (status)',
    decided: 'the status follows the events, never the class',
    hears: [
      ['ADT^A04', pid, 'PV1 2=O;19=V1^^^RGHVN^VN'],
      ['ADT^A08', pid, 'PV1 2=P;19=V1^^^RGHVN^VN'],
    ],
    gives: { 'Encounter.status': 'arrived', 'Encounter.class.code': 'PRENC' },
  },
  {
    n: 53,
    field: 'PV1-3',
    decided: 'the finest place, active; its chain above it; a move ends the one before',
    hears: [
      ['ADT^A01', pid, 'PV1 2=I;3=3N^101^A^RGH;19=V1^^^RGHVN^VN'],
      ['ADT^A02', pid, 'PV1 2=I;3=3N^102^B^RGH;19=V1^^^RGHVN^VN'],
    ],
    gives: {
      'Encounter.location.location.reference': ['Location/3N-101-A', 'Location/3N-102-B'],
      'Encounter.location.status': ['completed', 'active'],
      'Encounter.location.period.end': '2026-03-02T08:01:00-06:00',
      "Location.where(identifier.value='3N-101-A').partOf.reference": 'Location/3N-101',
      "Location.where(identifier.value='3N-101').partOf.reference": 'Location/3N',
      "Location.where(identifier.value='3N').partOf.reference": 'Location/RGH',
    },
  },
  {
    n: 54,
    field: 'PV1-4',
    decided: 'a type; E and U are the priority, too',
    hears: admitted('4=E'),
    gives: {
      'Encounter.type.codes()': 'v2-0007|E',
      'Encounter.priority.codes()': ['v2-0007|E', 'v3-ActPriority|EM'],
    },
  },
  {
    n: 54,
    field: 'PV1-4',
    decided: 'a type; R is no priority',
    hears: admitted('4=R'),
    gives: { 'Encounter.type.codes()': 'v2-0007|R', 'Encounter.priority': [] },
  },
  {
    n: 55,
    field: 'PV1-5',
    decided: 'the number of the pre-admission, by which the admission finds the visit',
    hears: admitted('5=PRE1^^^RGHVN'),
    gives: { 'Encounter.hospitalization.preAdmissionIdentifier.value': 'PRE1' },
  },
  {
    n: 56,
    field: 'PV1-6',
    decided: 'the place before, completed',
    hears: [['ADT^A02', pid, 'PV1 2=I;3=3N^102;6=3N^101;19=V1^^^RGHVN^VN']],
    gives: {
      'Encounter.location.location.reference': ['Location/3N-101', 'Location/3N-102'],
      'Encounter.location.status': ['completed', 'active'],
    },
  },
  {
    n: 57,
    field: 'PV1-8/9/17/52',
    decided: 'all repetitions as REF, CON, ADM, PART; one practitioner for each number',
    hears: admitted('8=2^B^B;9=3^C^C~2^B^B;17=5^E^E;52=9^P^P'),
    gives: {
      'Encounter.participant.type.codes()': [
        'v3-ParticipationType|REF',
        'v3-ParticipationType|CON',
        'v3-ParticipationType|CON',
        'v3-ParticipationType|ADM',
        'v3-ParticipationType|PART',
      ],
      'Encounter.participant.individual.reference': ['2', '3', '2', '5', '9'].map(
        (each) => `Practitioner/${each}`,
      ),
      'Practitioner.identifier.value': ['2', '3', '5', '9'],
    },
  },
  {
    n: 58,
    field: 'PV1-10',
    decided: 'the service',
    hears: admitted('10=MED'),
    gives: { 'Encounter.serviceType.codes()': ['v2-0069|MED', 'service-type|382'] },
  },
  {
    n: 59,
    field: 'PV1-12',
    decided: 'extension preadmit-test',
    hears: admitted('12=T^^HL70087'),
    gives: { "Encounter.hospitalization.ext('preadmit-test').value.codes()": 'v2-0087|T' },
  },
  {
    n: 60,
    field: 'PV1-13',
    decided: 'readmission',
    hears: admitted('13=R'),
    gives: { 'Encounter.hospitalization.reAdmission.codes()': 'v2-0092|R' },
  },
  {
    n: 61,
    field: 'PV1-14',
    decided: 'admit source of FHIR beside that of table 0023',
    hears: admitted('14=7'),
    gives: { 'Encounter.hospitalization.admitSource.codes()': ['v2-0023|7', 'admit-source|emd'] },
  },
  {
    n: 62,
    field: 'PV1-16',
    decided: 'courtesy of the visit, importance of the person',
    hears: admitted('16=VIP'),
    gives: {
      'Encounter.hospitalization.specialCourtesy.codes()': ['v2-0099|VIP', 'v3-EncounterSpecialCourtesy|VIP'],
      "Patient.std('patient-importance').value.codes()": ['v2-0099|VIP', 'v3-EncounterSpecialCourtesy|VIP'],
    },
  },
  {
    n: 63,
    field: 'PV1-18',
    decided: 'a further type',
    hears: admitted('4=R;18=MAT^^HL70018'),
    gives: { 'Encounter.type.codes()': ['v2-0007|R', 'v2-0018|MAT'] },
  },
  {
    n: 64,
    field: 'PV1-19',
    decided: 'number of type VN; without authority that of the source',
    hears: [['ADT^A01', pid, 'PV1 2=I;19=V7']],
    gives: {
      'Encounter.identifier.value': 'V7',
      'Encounter.identifier.system': 'urn:portico:local:ADT1:PV1-19',
      'Encounter.identifier.type.codes()': 'v2-0203|VN',
    },
  },
  {
    n: 64,
    field: 'PV1-19',
    decided: 'where it is empty PV1-50 is the key',
    hears: [
      ['ADT^A01', pid, 'PV1 2=I;50=V8^^^RGHVN^VN'],
      ['ADT^A03', pid, 'PV1 2=I;50=V8^^^RGHVN^VN'],
    ],
    gives: { 'Encounter.identifier.value': 'V8', 'Encounter.status': 'finished' },
  },
  {
    n: 65,
    field: 'PV1-20',
    decided: 'of the account; no Coverage',
    hears: admitted('20=C^Champus^HL70064'),
    gives: {
      "Account.ext('financial-class').value.coding.where(system.contains('0064')).code": 'C',
      'Coverage.id': [],
      "Encounter.ext('financial-class')": [],
    },
  },
  {
    n: 65,
    field: 'PV1-20',
    decided: 'of the visit where there is no account',
    hears: [['ADT^A01', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE', 'PV1 2=I;19=V1^^^RGHVN^VN;20=C']],
    gives: { "Encounter.ext('financial-class').value.coding.code": 'C' },
  },
  {
    n: 66,
    field: 'PV1-21..35',
    decided: 'of the account; a deletion is an account entered in error',
    hears: admitted(
      '21=A;22=B;23=C;24=D;25=20260101;26=10;27=2;28=E;29=F;30=20260102;31=G;32=5;33=6;34=D;35=20260103',
    ),
    gives: {
      "Account.ext('charge-price-indicator').value.coding.code": 'A',
      "Account.ext('courtesy').value.coding.code": 'B',
      "Account.ext('credit-rating').value.coding.code": 'C',
      "Account.ext('contract-code').value.coding.code": 'D',
      "Account.ext('contract-effective').value": '2026-01-01',
      "Account.ext('contract-amount').value": 10,
      "Account.ext('contract-period').value": 2,
      "Account.ext('interest-code').value.coding.code": 'E',
      "Account.ext('bad-debt-code').value.coding.code": 'F',
      "Account.ext('bad-debt-date').value": '2026-01-02',
      "Account.ext('bad-debt-agency').value.coding.code": 'G',
      "Account.ext('bad-debt-transfer-amount').value": 5,
      "Account.ext('bad-debt-recovery-amount').value": 6,
      "Account.ext('delete-account-date').value": '2026-01-03',
      'Account.status': 'entered-in-error',
    },
  },
  {
    n: 67,
    field: 'PV1-36',
    decided: 'disposition of FHIR beside that of table 0112',
    hears: [
      ['ADT^A01', pid, pv1],
      ['ADT^A03', pid, 'PV1 2=I;19=V1^^^RGHVN^VN;36=01'],
    ],
    gives: {
      'Encounter.hospitalization.dischargeDisposition.codes()': ['v2-0112|01', 'discharge-disposition|home'],
    },
  },
  {
    n: 68,
    field: 'PV1-37',
    decided: 'DLD.1 is the destination',
    hears: [
      ['ADT^A01', pid, pv1],
      ['ADT^A03', pid, 'PV1 2=I;19=V1^^^RGHVN^VN;37=SNF7'],
    ],
    gives: { 'Encounter.hospitalization.destination.reference': 'Location/SNF7' },
  },
  {
    n: 69,
    field: 'PV1-39',
    decided: 'who serves, before PV2-23',
    hears: admitted('39=CLINIC^Clinic of the east', 'PV2 23=WEST^L^9'),
    gives: {
      'Encounter.serviceProvider.reference': 'Organization/CLINIC',
      'Organization.name': 'Clinic of the east',
    },
    departs: 'PV1-3.4 and MSH-4 are no provider: the facility of the place is in the chain of the location.',
  },
  {
    n: 70,
    field: 'PV1-40',
    decided: 'what a bed is good for is told by A20 (NPU-2)',
    hears: admitted('40=O'),
    gives: { "Encounter.ext('bed-status').value.pair()": 'v2-0116|O' },
    departs: 'Withdrawn, and of a bed, not of a visit: kept as an extension of the visit that said it.',
  },
  ...(['closed', 'inactive'] as const).map((sent) => ({
    n: 71,
    field: 'PV1-41',
    decided: `${sent} is inactive`,
    hears: admitted(`41=${sent}`),
    gives: { 'Account.status': 'inactive' },
  })),
  {
    n: 72,
    field: 'PV1-42',
    decided: 'a place that is planned',
    hears: [
      ['ADT^A01', pid, 'PV1 2=I;3=3N^1;19=V1^^^RGHVN^VN'],
      ['ADT^A15', pid, 'PV1 2=I;3=3N^1;19=V1^^^RGHVN^VN;42=4N^2'],
    ],
    gives: {
      'Encounter.location.location.reference': ['Location/3N-1', 'Location/4N-2'],
      'Encounter.location.status': ['active', 'planned'],
    },
  },
  {
    n: 73,
    field: 'PV1-44/45',
    decided: 'beginning and end; of several ends the last',
    hears: [
      ['ADT^A01', pid, 'PV1 2=I;19=V1^^^RGHVN^VN;44=20260302073000'],
      ['ADT^A03', pid, 'PV1 2=I;19=V1^^^RGHVN^VN;45=20260302075000~20260302080000'],
    ],
    gives: {
      'Encounter.period': { start: '2026-03-02T07:30:00-06:00', end: '2026-03-02T08:00:00-06:00' },
      'Encounter.status': 'finished',
    },
  },
  {
    n: 73,
    field: 'PV1-44/45',
    decided: 'an update that fills it in ahead does not end the visit',
    hears: [
      ['ADT^A01', pid, pv1],
      ['ADT^A08', pid, 'PV1 2=I;19=V1^^^RGHVN^VN;45=20260303080000'],
    ],
    gives: { 'Encounter.status': 'in-progress' },
  },
  {
    n: 74,
    field: 'PV1-46..49',
    decided: 'money of the account, in the currency of the site',
    hears: admitted('46=10.50;47=20;48=30;49=40'),
    gives: {
      "Account.ext('current-balance').value": { value: 10.5, currency: 'USD' },
      "Account.ext('total-charges').value": { value: 20, currency: 'USD' },
      "Account.ext('total-adjustments').value": { value: 30, currency: 'USD' },
      "Account.ext('total-payments').value": { value: 40, currency: 'USD' },
    },
  },
  {
    n: 75,
    field: 'PV1-50',
    decided: 'a further number of the visit, with its type',
    hears: admitted('50=ALT1^^^RGH^XX'),
    gives: {
      "Encounter.identifier.where(value='ALT1').type.coding.code": 'XX',
      'Encounter.identifier.count()': 2,
    },
  },
  {
    n: 76,
    field: 'PV1-51',
    decided: 'A: the PV1 is of the account, and no visit',
    hears: admitted('3=3N^1;41=closed;51=A'),
    gives: { 'Encounter.id': [], 'Account.status': 'inactive' },
    residue: ['PV1-3', 'PV1-19'],
  },
  {
    n: 76,
    field: 'PV1-51',
    decided: 'V: of the visit',
    hears: admitted('51=V^^HL70326'),
    gives: { "Encounter.ext('visit-indicator').value.codes()": 'v2-0326|V' },
  },
  {
    n: 77,
    field: 'PV1-54/53',
    decided: 'an episode of care with its description',
    hears: admitted('53=Hip replacement;54=EP1^^^RGHVN'),
    gives: {
      'EpisodeOfCare.identifier.value': 'EP1',
      'EpisodeOfCare.type.text': 'Hip replacement',
      'EpisodeOfCare.patient.reference': 'Patient/MRN1',
      'Encounter.episodeOfCare.reference': 'EpisodeOfCare/EP1',
    },
  },
  {
    n: 78,
    field: 'PV2-2',
    decided: 'extension accommodation',
    ...taking("Encounter.ext('accommodation').value.codes()", 'v2-0129|PRI', said('2=PRI^Private^HL70129')),
    departs: 'Of the visit, not of its place: it is said of the booking, whatever bed is taken.',
  },
  {
    n: 79,
    field: 'PV2-3',
    decided: 'reason',
    ...taking('Encounter.reasonCode.text', 'Chest pain', said('3=^Chest pain')),
  },
  {
    n: 80,
    field: 'PV2-4',
    decided: 'extension transfer-reason',
    ...taking(
      "Encounter.ext('transfer-reason').value.text",
      'Nearer to the desk',
      said('4=^Nearer to the desk'),
    ),
    departs: 'Of the visit: the latest reason, as the segment says it.',
  },
  {
    n: 81,
    field: 'PV2-7',
    decided: 'extension visit-user',
    ...taking("Encounter.ext('visit-user').value.codes()", 'v2-0130|TE', said('7=TE')),
  },
  {
    n: 82,
    field: 'PV2-8/9',
    decided: 'planned start and end, at the address of R5 without a backslash',
    hears: said('8=20260303;9=202603051000'),
    gives: {
      [fhir5('plannedStartDate')]: '2026-03-03',
      [fhir5('plannedEndDate')]: '2026-03-05T10:00:00-06:00',
    },
  },
  {
    n: 83,
    field: 'PV2-13',
    decided: 'REF',
    hears: said('13=2^B^B'),
    gives: {
      'Encounter.participant.type.codes()': 'v3-ParticipationType|REF',
      'Encounter.participant.individual.reference': 'Practitioner/2',
    },
  },
  ...(
    [
      ['P', 'cancelled'],
      ['D', 'entered-in-error'],
      ['I', 'cancelled'],
    ] as const
  ).map(([sent, status]) => ({
    n: 84,
    field: 'PV2-16',
    decided: `${sent} of a visit that is open is ${status}`,
    ...taking('Encounter.status', status, said(`16=${sent}`)),
  })),
  {
    n: 84,
    field: 'PV2-16',
    decided: 'what took place is not undone by being purged from the sender',
    hears: [
      ['ADT^A01', pid, pv1],
      ['ADT^A03', pid, pv1],
      ['ADT^A08', pid, pv1, 'PV2 16=P'],
    ],
    gives: { 'Encounter.status': 'finished' },
  },
  {
    n: 85,
    field: 'PV2-23',
    decided: 'who serves where PV1-39 does not say it',
    ...taking('Encounter.serviceProvider.reference', 'Organization/9', said('23=CLINIC^L^9')),
  },
  {
    n: 86,
    field: 'PV2-24',
    decided: 'extension patient-status',
    ...taking("Encounter.ext('patient-status').value.codes()", 'v2-0216|AI', said('24=AI')),
  },
  {
    n: 87,
    field: 'PV2-25',
    decided: 'priority',
    ...taking('Encounter.priority.codes()', ['v2-0217|1', 'v3-ActPriority|EM'], said('25=1')),
  },
  {
    n: 88,
    field: 'PV2-31',
    decided: 'extension recurring-service',
    ...taking("Encounter.ext('recurring-service').value.codes()", 'v2-0219|WK', said('31=WK^^HL70219')),
  },
  {
    n: 89,
    field: 'PV2-33',
    decided: 'when surgery is expected',
    ...taking("Encounter.ext('expected-surgery').value", '2026-03-04', said('33=20260304')),
    departs: 'An extension in place of residue.',
  },
  {
    n: 90,
    field: 'PV2-36/37',
    decided: 'newborn, and kept back; the mother is PID-21',
    hears: said('36=Y;37=N'),
    gives: { "Encounter.ext('newborn').value": true, "Encounter.ext('baby-detained').value": false },
  },
  {
    n: 91,
    field: 'PV2-38',
    decided: 'mode of arrival',
    ...taking("Encounter.std('encounter-modeOfArrival').value.pair()", 'v2-0430|A', said('38=A')),
  },
  {
    n: 92,
    field: 'PV2-43/44/45/50',
    decided: 'living will, organ donor, advance directive, last verified',
    hears: said('43=Y;44=Y^^HL70316;45=DNR^^HL70435;50=20260101'),
    gives: {
      "Encounter.ext('living-will').value.codes()": 'v2-0315|Y',
      "Encounter.ext('organ-donor').value.codes()": 'v2-0316|Y',
      "Encounter.ext('advance-directive').value.codes()": 'v2-0435|DNR',
      "Encounter.ext('advance-directive-verified').value": '2026-01-01',
    },
    departs: 'Extensions in place of residue: a front desk is asked for them.',
  },
  {
    n: 93,
    field: 'PV2-47',
    decided: 'when the patient is expected back (A21, A22)',
    hears: [
      ['ADT^A01', pid, pv1],
      ['ADT^A21', pid, pv1, 'PV2 47=20260304100000'],
    ],
    gives: {
      'Encounter.status': 'onleave',
      "Encounter.ext('expected-leave-return').value": '2026-03-04T10:00:00-06:00',
    },
  },
  {
    n: 94,
    field: 'MRG-1',
    decided: 'the wrong record is inactive, replaced by the right one; what nobody knows is remembered',
    hears: [
      ['ADT^A28', 'PID 3=OLD1^^^RGH^MR;5=DOE^JANE'],
      ['ADT^A28', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE'],
      ['ADT^A40', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE', 'MRG 1=OLD1^^^RGH^MR'],
    ],
    gives: {
      'Patient.link.type': ['replaced-by', 'replaces'],
      "Patient.where(active=true).identifier.select(value & ' ' & use)": ['MRN1 usual', 'OLD1 old'],
    },
  },
  {
    n: 95,
    field: 'MRG-2',
    decided: 'a further number of MRG-1, type PE',
    shown: [['test/mappings/segments.test.ts', 'MRG']],
  },
  {
    n: 96,
    field: 'MRG-3',
    decided: 'the wrong account ends in the right one; no live account is made',
    hears: [
      ['ADT^A01', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE;18=B1^^^RGHACCT^AN', pv1],
      ['ADT^A01', pid, 'PV1 2=I;19=V2^^^RGHVN^VN'],
      ['ADT^A41', pid, 'MRG 1=MRN1^^^RGH^MR;3=B1^^^RGHACCT^AN'],
    ],
    gives: {
      "Account.select(identifier.first().value & ' ' & status)": ['B1 inactive', 'A1 active'],
      'Encounter.account.reference': ['Account/A1', 'Account/A1'],
    },
  },
  {
    n: 97,
    field: 'MRG-4',
    decided: 'a further number of MRG-1, type PT',
    shown: [['test/mappings/segments.test.ts', 'MRG']],
  },
  {
    n: 98,
    field: 'MRG-5',
    decided: 'the wrong visit',
    hears: [
      ['ADT^A01', pid, 'PV1 2=I;19=W1^^^RGHVN^VN'],
      ['ADT^A01', pid, pv1],
      ['ADT^A42', pid, 'MRG 1=MRN1^^^RGH^MR;5=W1^^^RGHVN^VN', pv1],
    ],
    gives: { "Encounter.where(status!='entered-in-error').identifier.value": ['V1', 'W1'] },
  },
  {
    n: 99,
    field: 'MRG-6',
    decided: 'the wrong alternate number of a visit (A51)',
    hears: [
      ['ADT^A01', pid, 'PV1 2=I;19=V1^^^RGHVN^VN;50=X1^^^RGH'],
      ['ADT^A51', pid, 'MRG 1=MRN1^^^RGH^MR;6=X1^^^RGH', 'PV1 2=I;50=X2^^^RGH'],
    ],
    gives: { "Encounter.identifier.where(use='old').value": 'X1' },
  },
  {
    n: 100,
    field: 'MRG-7',
    decided: 'never written to the survivor',
    hears: [
      ['ADT^A28', 'PID 3=OLD1^^^RGH^MR;5=ROE^ANN'],
      ['ADT^A28', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE'],
      ['ADT^A40', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE', 'MRG 1=OLD1^^^RGH^MR;7=POE^PAT'],
    ],
    gives: { 'Patient.where(active=true).name.family': 'DOE' },
  },
  {
    n: 101,
    field: 'ROL-1',
    decided: 'names the entry, so that an update finds it',
    hears: [
      ['ADT^A01', pid, pv1, 'ROL 1=R1;2=AD;3=AT;4=7^S^S'],
      ['ADT^A54', pid, 'ROL 1=R1;2=UP;3=AT;4=8^T^T', pv1],
    ],
    gives: { 'Encounter.participant.individual.reference': 'Practitioner/8' },
  },
  {
    n: 102,
    field: 'ROL-2',
    decided: 'AD adds, DE takes away',
    hears: [
      ['ADT^A01', pid, pv1, 'ROL 1=R1;2=AD;3=AT;4=7^S^S', 'ROL 1=R2;2=AD;3=CP;4=8^T^T'],
      ['ADT^A54', pid, 'ROL 1=R1;2=DE;3=AT;4=7^S^S', pv1],
    ],
    gives: { 'Encounter.participant.individual.reference': 'Practitioner/8' },
  },
  {
    n: 103,
    field: 'ROL-3',
    decided: 'PP is the general practitioner, other roles take part in the visit',
    hears: [['ADT^A01', pid, 'ROL 1=R2;2=AD;3=PP;4=8^T^T', pv1, 'ROL 1=R1;2=AD;3=AT;4=7^S^S']],
    gives: {
      'Patient.generalPractitioner.reference': 'Practitioner/8',
      'Encounter.participant.individual.reference': 'Practitioner/7',
      'Encounter.participant.type.codes()': ['v2-0443|AT', 'v3-ParticipationType|ATND'],
    },
  },
]
