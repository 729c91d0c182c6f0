// Decisions 17 to 49: PID, PD1, ARV, NK1 (mapping-decisions.csv; HL7 v2.9.1 chapter 3).
import { type Decision, type Messages, pid, pv1 } from './heard.ts'

/** An update of the person with these fields of PID, and further segments. */
const told = (fields: string, ...more: readonly string[]): Messages => [
  ['ADT^A31', `PID 3=MRN1^^^RGH^MR;5=DOE^JANE;${fields}`, ...more],
]
const beside = (...more: readonly string[]): Messages => [['ADT^A31', pid, ...more]]
const mrn = 'urn:oid:2.16.840.1.113883.19.100.1'

export const person: readonly Decision[] = [
  {
    n: 17,
    field: 'PID-1',
    decided: 'counts segments, never a key',
    hears: [
      ['ADT^A31', 'PID 1=1;3=MRN1^^^RGH^MR;5=DOE^JANE'],
      ['ADT^A31', 'PID 1=7;3=MRN1^^^RGH^MR;5=DOE^JANE'],
    ],
    gives: { 'Patient.identifier.value': 'MRN1' },
  },
  {
    n: 18,
    field: 'PID-2',
    decided: 'a further number, type PT',
    hears: told('2=X1'),
    gives: {
      "Patient.identifier.where(value='X1').type.codes()": 'v2-0203|PT',
      "Patient.identifier.where(value='X1').system": 'urn:portico:local:ADT1:PID-2',
    },
  },
  {
    n: 18,
    field: 'PID-2',
    decided: 'the same number as one of PID-3 is that number',
    hears: told('2=MRN1^^^RGH^MR'),
    gives: { 'Patient.identifier.value': 'MRN1' },
  },
  {
    n: 19,
    field: 'PID-3',
    decided: 'all repetitions, each with the system of its authority, its type and its period',
    hears: [
      [
        'ADT^A31',
        'PID 3=MRN1^^^RGH&2.16.840.1.113883.19.100.1&ISO^MR~E7^^^MPI&1.2.3.4&ISO^PI^^20200101^20301231;5=DOE^JANE',
      ],
    ],
    gives: {
      'Patient.identifier.value': ['E7', 'MRN1'],
      'Patient.identifier.system': ['urn:oid:1.2.3.4', mrn],
      'Patient.identifier.type.codes()': ['v2-0203|PI', 'v2-0203|MR'],
      'Patient.identifier.period': [{ start: '2020-01-01', end: '2030-12-31' }],
      'Patient.identifier.assigner.display': ['MPI', 'RGH'],
    },
  },
  {
    n: 20,
    field: 'PID-4',
    decided: 'a further number, secondary',
    hears: told('4=Y1'),
    gives: {
      "Patient.identifier.where(use='secondary').value": 'Y1',
      "Patient.identifier.where(value='Y1').type.codes()": 'v2-0203|PE',
    },
  },
  {
    n: 21,
    field: 'PID-5',
    decided: 'all names; N is nickname, M maiden, S and A anonymous; others keep their code and have no use',
    hears: [
      [
        'ADT^A31',
        'PID 3=MRN1^^^RGH^MR;5=DOE^JANE^^^^^L~ROE^JAY^^^^^N~POE^J^^^^^M~X^Y^^^^^S~Z^Z^^^^^A~B^B^^^^^B',
      ],
    ],
    gives: {
      'Patient.name.family': ['DOE', 'B', 'ROE', 'POE', 'X', 'Z'],
      'Patient.name.use': ['official', 'nickname', 'maiden', 'anonymous', 'anonymous'],
      "Patient.name.where(family='B').ext('name-type').value": 'B',
      "Patient.name.where(family='X').ext('name-type').value": 'S',
    },
  },
  ...(
    [
      ['F', 'female', []],
      ['M', 'male', []],
      ['O', 'other', []],
      ['U', 'unknown', []],
      ['A', 'other', ['v2-0001|A', 'http://hl7.org/fhir/administrative-gender|other']],
      ['N', 'other', ['v2-0001|N', 'http://hl7.org/fhir/administrative-gender|other']],
    ] as const
  ).map(([sent, gender, kept]) => ({
    n: 22,
    field: 'PID-8',
    decided: `${sent} is ${gender}`,
    hears: told(`8=${sent}`),
    gives: {
      'Patient.gender': gender,
      "Patient.gender.std('alternate-codes').value.codes()": kept,
    },
  })),
  {
    n: 22,
    field: 'PID-8',
    decided: '"" takes it back',
    hears: [
      ['ADT^A31', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE;8=F'],
      ['ADT^A31', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE;8=""'],
    ],
    gives: { 'Patient.gender': [] },
  },
  {
    n: 23,
    field: 'PID-10/22',
    decided:
      'an extension of ours; that of US Core where the realm is the United States (test/mappings/us-core.test.ts)',
    hears: told('10=2106-3^White^CDCREC~2028-9^Asian^CDCREC;22=2135-2^Hispanic^CDCREC'),
    gives: {
      "Patient.ext('race').value.codes()": [
        'urn:oid:2.16.840.1.113883.6.238|2106-3',
        'urn:oid:2.16.840.1.113883.6.238|2028-9',
      ],
      "Patient.ext('ethnic-group').value.codes()": 'urn:oid:2.16.840.1.113883.6.238|2135-2',
    },
  },
  {
    n: 24,
    field: 'PID-11',
    decided: 'all addresses; H is home, BA old and bad; what is no use or type keeps its code',
    hears: told('11=1 A^^X^^^^H~2 B^^Y^^^^BA~3 C^^Z^^^^BR~4 D^^W^^^^M'),
    gives: {
      'Patient.address.line': ['1 A', '2 B', '3 C', '4 D'],
      'Patient.address.use': ['home', 'old'],
      "Patient.address.ext('address-type').value": ['BA', 'BR'],
      "Patient.address.ext('bad-address').value": true,
      'Patient.address.type': 'postal',
    },
  },
  {
    n: 25,
    field: 'PID-12',
    decided: 'the county of the only address',
    hears: told('11=1 A^^X;12=SANGAMON'),
    gives: { 'Patient.address.district': 'SANGAMON' },
  },
  {
    n: 25,
    field: 'PID-12',
    decided: 'and of none where there are two',
    hears: told('11=1 A^^X~2 B^^Y;12=SANGAMON'),
    gives: { 'Patient.address.district': [] },
    residue: ['PID-12'],
  },
  {
    n: 26,
    field: 'PID-13/14/40',
    decided: 'CP is a phone that is mobile; NET an e-mail out of XTN.4; a number is written once; home, work',
    hears: told('13=^PRN^CP^^1^217^5550134~^NET^Internet^a@b.c;14=(217)555-0135;40=^WPN^PH^^1^217^5550136'),
    gives: {
      'Patient.telecom': [
        { system: 'phone', value: '+1 217 5550134', use: 'mobile' },
        { system: 'email', value: 'a@b.c', use: 'home' },
        { system: 'phone', value: '217 5550135', use: 'work' },
        { system: 'phone', value: '+1 217 5550136', use: 'work' },
      ],
    },
  },
  {
    n: 27,
    field: 'PID-18',
    decided: 'an account of its own, which the visit names; no number of the patient',
    hears: [['ADT^A01', pid, pv1]],
    gives: {
      'Account.identifier.value': 'A1',
      'Account.identifier.type.codes()': 'v2-0203|AN',
      'Account.status': 'active',
      'Account.subject.reference': 'Patient/MRN1',
      'Encounter.account.reference': 'Account/A1',
      'Patient.identifier.value': 'MRN1',
    },
  },
  {
    n: 28,
    field: 'PID-19',
    decided: 'type SS, system us-ssn without a dot, no dashes; fillers are none',
    hears: told('19=123-45-6780'),
    gives: {
      "Patient.identifier.where(type.coding.code='SS').select(system & '|' & value)":
        'http://hl7.org/fhir/sid/us-ssn|123456780',
    },
  },
  {
    n: 28,
    field: 'PID-19',
    decided: 'fillers are none',
    hears: told('19=999-99-9999'),
    gives: { "Patient.identifier.where(type.coding.code='SS').value": [] },
  },
  {
    n: 29,
    field: 'PID-21',
    decided: 'the mother: a RelatedPerson, and her own record',
    hears: told('21=MRNM^^^RGH^MR'),
    gives: {
      'RelatedPerson.relationship.codes()': 'v3-RoleCode|MTH',
      'RelatedPerson.identifier.value': 'MRNM',
      'RelatedPerson.patient.reference': 'Patient/MRN1',
    },
  },
  {
    n: 30,
    field: 'PID-24/25',
    decided: 'the order, else yes or no; never both',
    hears: told('24=Y;25=2'),
    gives: { 'Patient.multipleBirth': 2 },
  },
  {
    n: 30,
    field: 'PID-24/25',
    decided: 'the order, else yes or no; never both',
    hears: told('24=Y'),
    gives: { 'Patient.multipleBirth': true },
  },
  {
    n: 31,
    field: 'PID-29/30',
    decided: 'the time of death, else yes or no',
    hears: told('29=20260301;30=Y'),
    gives: { 'Patient.deceased': '2026-03-01' },
  },
  {
    n: 31,
    field: 'PID-29/30',
    decided: 'what is absent later takes nothing back',
    hears: [
      ['ADT^A31', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE;30=Y'],
      ['ADT^A31', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE'],
    ],
    gives: { 'Patient.deceased': true },
  },
  {
    n: 31,
    field: 'PID-29/30',
    decided: '"" takes both back',
    hears: [
      ['ADT^A31', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE;29=20260301;30=Y'],
      ['ADT^A31', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE;29="";30=""'],
    ],
    gives: { 'Patient.deceased': [] },
  },
  {
    n: 32,
    field: 'PID-31',
    decided: 'extension identity-unknown',
    hears: told('31=Y'),
    gives: { "Patient.ext('identity-unknown').value": true },
    departs: 'No tag beside it, which would say the same twice.',
  },
  {
    n: 33,
    field: 'PID-32',
    decided: 'a tag; what is not reliable is no evidence (test/canonical/match-fields.test.ts)',
    hears: told('32=AL~US'),
    gives: { 'Patient.meta.tag.pair()': ['v2-0445|AL', 'v2-0445|US'] },
  },
  {
    n: 34,
    field: 'PID-33/34',
    decided: 'the clock of the demographics: what is older is skipped',
    hears: [
      ['ADT^A31', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE;16=M;33=20260301080000;34=RGH'],
      ['ADT^A31', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE;16=S;33=20260201080000'],
    ],
    gives: {
      'Patient.maritalStatus.codes()': ['v2-0002|M', 'v3-MaritalStatus|M'],
      "Patient.ext('last-update-facility').value": 'RGH',
    },
    says: ['W STALE PID^1^16 PID^1^33'],
  },
  {
    n: 35,
    field: 'PD1-1/2',
    decided: 'living dependency, living arrangement',
    hears: beside('PD1 1=S^Spouse^HL70223;2=A^Alone^HL70220'),
    gives: {
      "Patient.ext('living-dependency').value.codes()": 'v2-0223|S',
      "Patient.ext('living-arrangement').value.codes()": 'v2-0220|A',
    },
  },
  {
    n: 36,
    field: 'PD1-5',
    decided: 'student status',
    hears: beside('PD1 5=F^Full-time^HL70231'),
    gives: { "Patient.ext('student-status').value.codes()": 'v2-0231|F' },
  },
  {
    n: 37,
    field: 'PD1-8',
    decided: 'organ donor',
    hears: beside('PD1 8=Y^Yes^HL70316'),
    gives: { "Patient.ext('organ-donor').value.codes()": 'v2-0316|Y' },
    departs:
      'An extension of the patient in place of residue: an Observation or Consent would need a date and a status.',
  },
  {
    n: 38,
    field: 'PD1-10',
    decided: 'seealso on both, and a task; never a merge',
    hears: [
      ['ADT^A31', 'PID 3=MRN2^^^RGH^MR;5=DOE^JANE'],
      ['ADT^A31', pid, 'PD1 10=MRN2^^^RGH^MR'],
    ],
    gives: {
      'Patient.link.type': ['seealso', 'seealso'],
      'Patient.link.other.reference': ['Patient/MRN1', 'Patient/MRN2'],
      'Patient.active': [true, true],
    },
    shown: [
      [
        'test/pipeline/seldom.test.ts',
        'PD1-10 links another record that may be the same person and asks somebody, and A37 says that they are two',
      ],
    ],
  },
  {
    n: 39,
    field: 'PD1-11',
    decided: 'publicity code, since PD1-18',
    hears: beside('PD1 11=F^Family only^HL70215;18=20260101'),
    gives: {
      "Patient.ext('publicity').value.codes()": 'v2-0215|F',
      "Patient.ext('publicity-since').value": '2026-01-01',
    },
  },
  {
    n: 40,
    field: 'PD1-12/13',
    decided: 'Y is the label R, since PD1-13',
    hears: beside('PD1 12=Y;13=20260101'),
    gives: {
      'Patient.meta.security.pair()': 'v3-Confidentiality|R',
      "Patient.ext('protection-since').value": '2026-01-01',
    },
  },
  {
    n: 40,
    field: 'PD1-12/13',
    decided: 'N takes the label away',
    hears: [
      ['ADT^A31', pid, 'PD1 12=Y'],
      ['ADT^A31', pid, 'PD1 12=N'],
    ],
    gives: { 'Patient.meta.security': [] },
  },
  {
    n: 41,
    field: 'PD1-15/22',
    decided: 'advance directive, last verified',
    hears: beside('PD1 15=DNR^Do not resuscitate^HL70435;22=20260101'),
    gives: {
      "Patient.ext('advance-directive').value.codes()": 'v2-0435|DNR',
      "Patient.ext('advance-directive-verified').value": '2026-01-01',
    },
    departs: 'Extensions of the patient: a Consent needs a policy and a scope that PD1 does not have.',
  },
  {
    n: 42,
    field: 'PD1-16/17',
    decided: 'immunization registry status and since when',
    hears: beside('PD1 16=A^Active^HL70441;17=20260101'),
    gives: {
      "Patient.ext('immunization-registry-status').value.codes()": 'v2-0441|A',
      "Patient.ext('immunization-registry-since').value": '2026-01-01',
    },
  },
  {
    n: 43,
    field: 'PD1-19..21',
    decided: 'military branch, rank, status',
    hears: beside('PD1 19=USA^Army^HL70140;20=E1^Enlisted^HL70141;21=ACT^Active^HL70142'),
    gives: {
      "Patient.ext('military-branch').value.codes()": 'v2-0140|USA',
      "Patient.ext('military-rank').value.codes()": 'v2-0141|E1',
      "Patient.ext('military-status').value.codes()": 'v2-0142|ACT',
    },
  },
  {
    n: 44,
    field: 'ARV-3/4/6',
    decided: 'the label R, with the restriction and its reason',
    hears: [['ADT^A01', pid, 'ARV 1=1;2=A;3=DEM^Demographics^HL70717;4=EMP^Employee^HL70719', pv1]],
    gives: {
      'Patient.meta.security.pair()': 'v3-Confidentiality|R',
      'Encounter.meta.security.pair()': 'v3-Confidentiality|R',
      "Patient.ext('access-restriction').value.codes()": 'v2-0717|DEM',
      "Patient.ext('access-restriction-reason').value.codes()": 'v2-0719|EMP',
    },
  },
  {
    n: 44,
    field: 'ARV-3/4/6',
    decided: 'D lifts it: label, restriction and reason are gone',
    hears: [
      ['ADT^A01', pid, 'ARV 1=1;2=A;3=DEM^Demographics^HL70717;4=EMP^Employee^HL70719', pv1],
      ['ADT^A08', pid, 'ARV 1=1;2=D;3=DEM^Demographics^HL70717', pv1],
    ],
    gives: {
      'Patient.meta.security': [],
      'Encounter.meta.security': [],
      "Patient.ext('access-restriction')": [],
      "Patient.ext('access-restriction-reason')": [],
      "Encounter.ext('access-restriction')": [],
    },
  },
  {
    n: 45,
    field: 'NK1-1',
    decided:
      'counts segments; the list of the message is the whole list of its source, no NK1 changes nothing',
    hears: [
      ['ADT^A31', pid, 'NK1 1=1;2=DOE^JOHN', 'NK1 1=2;2=DOE^ANN'],
      ['ADT^A31', pid, 'NK1 1=1;2=DOE^ANN'],
      ['ADT^A31', pid],
    ],
    gives: { 'Patient.contact.name.given': 'ANN' },
  },
  {
    n: 46,
    field: 'NK1-3/7',
    decided: 'relationship and role; EMR is an employer',
    hears: beside('NK1 1=1;2=DOE^JOHN;3=SPO^Spouse^HL70063;7=C', 'NK1 1=2;2=ROE^A;3=EMR'),
    gives: {
      'Patient.contact[0].relationship.codes()': ['v2-0063|SPO', 'v3-RoleCode|SPS', 'v2-0131|C'],
      'Patient.contact[1].relationship.codes()': ['v2-0063|EMR', 'v2-0131|E'],
      'RelatedPerson.id': [],
    },
    departs:
      'No RelatedPerson: NK1 has no number that would tell two of them apart, and its list is replaced as a whole.',
  },
  {
    n: 47,
    field: 'NK1-8/9',
    decided: 'since when and until when',
    hears: beside('NK1 1=1;2=DOE^JOHN;8=20200101;9=20301231', 'NK1 1=2;2=DOE^ANN;9=20201231'),
    gives: { 'Patient.contact.period': [{ start: '2020-01-01', end: '2030-12-31' }, { end: '2020-12-31' }] },
  },
  {
    n: 48,
    field: 'NK1-13',
    decided: 'the organization',
    hears: beside('NK1 1=1;13=ACME^L^77'),
    gives: { 'Patient.contact.organization.reference': 'Organization/77', 'Organization.name': 'ACME' },
  },
  {
    n: 49,
    field: 'NK1-14/17/18/19/21..29/34/36/38/39',
    decided: 'kept with the contact',
    hears: beside(
      'NK1 1=1;2=DOE^JOHN;14=M;17=S;18=A0;19=US;21=A;22=F;23=Y;24=F;25=CHR;26=POE^ANN;27=US;28=H;29=E;34=P;36=1;38=ROME;39=VIP',
    ),
    gives: {
      "Patient.contact.ext('marital-status').value.coding.code": ['M', 'M'],
      "Patient.contact.ext('living-dependency').value.coding.code": 'S',
      "Patient.contact.ext('ambulatory-status').value.coding.code": 'A0',
      "Patient.contact.ext('citizenship').value.coding.code": 'US',
      "Patient.contact.ext('living-arrangement').value.coding.code": 'A',
      "Patient.contact.ext('publicity').value.coding.code": 'F',
      "Patient.contact.ext('protection').value": true,
      "Patient.contact.ext('student-status').value.coding.code": 'F',
      "Patient.contact.ext('religion').value.coding.code": 'CHR',
      "Patient.contact.ext('mothers-maiden-name').value": 'POE, ANN',
      "Patient.contact.ext('nationality').value.coding.code": 'US',
      "Patient.contact.ext('ethnic-group').value.coding.code": 'H',
      "Patient.contact.ext('contact-reason').value.coding.code": 'E',
      "Patient.contact.ext('job-status').value.coding.code": 'P',
      "Patient.contact.ext('handicap').value.coding.code": '1',
      "Patient.contact.ext('birth-place').value": 'ROME',
      "Patient.contact.ext('vip').value.coding.code": 'VIP',
    },
  },
]
