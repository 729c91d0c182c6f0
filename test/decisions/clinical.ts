// Decisions 164 to 189 and 255 to 259: AL1, IAM, DG1, DRG, PR1, ACC, PDA, DB1, AUT, RF1, OBX, NTE, Z segments
// (mapping-decisions.csv; HL7 v2.9.1 chapters 3, 6, 7, 11).
import { type Decision, type Messages, pid, pv1 } from './heard.ts'

const beside = (...segments: readonly string[]): Messages => [['ADT^A01', pid, pv1, ...segments]]
const use = 'Encounter.diagnosis.use.codes()'

export const clinical: readonly Decision[] = [
  ...(
    [
      ['DA', 'medication', 'allergy'],
      ['FA', 'food', 'allergy'],
      ['AA', 'environment', 'allergy'],
      ['EA', 'environment', 'allergy'],
    ] as const
  ).map(([sent, category, type]) => ({
    n: 164,
    field: 'AL1-2',
    decided: `${sent} is ${category}, and kept`,
    hears: beside(`AL1 1=1;2=${sent}^^HL70127;3=X^X^L`),
    gives: {
      'AllergyIntolerance.category': category,
      'AllergyIntolerance.type': type,
      "AllergyIntolerance.ext('allergen-type').value.codes()": `v2-0127|${sent}`,
    },
  })),
  {
    n: 165,
    field: 'AL1-3',
    decided: 'patient and code are the key: said again it is the same',
    hears: [
      ['ADT^A01', pid, pv1, 'AL1 1=1;3=PEN^Penicillin^L'],
      ['ADT^A08', pid, pv1, 'AL1 1=4;3=PEN^Penicillin^L'],
    ],
    gives: {
      'AllergyIntolerance.code.coding.code': 'PEN',
      'AllergyIntolerance.code.text': 'Penicillin',
      'AllergyIntolerance.patient.reference': 'Patient/MRN1',
      'AllergyIntolerance.clinicalStatus.codes()': 'allergyintolerance-clinical|active',
    },
  },
  ...(
    [
      ['SV', 'high', 'severe'],
      ['MO', [], 'moderate'],
      ['MI', 'low', 'mild'],
    ] as const
  ).map(([sent, criticality, severity]) => ({
    n: 166,
    field: 'AL1-4',
    decided: `${sent}: criticality ${String(criticality)}, severity ${severity} of a reaction that is named, and kept`,
    hears: beside(`AL1 1=1;3=X^X^L;4=${sent}^^HL70128;5=Rash`),
    gives: {
      'AllergyIntolerance.criticality': criticality,
      'AllergyIntolerance.reaction': { manifestation: [{ text: 'Rash' }], severity },
      "AllergyIntolerance.ext('allergy-severity').value.codes()": `v2-0128|${sent}`,
    },
  })),
  {
    n: 166,
    field: 'AL1-4',
    decided: 'no reaction without a manifestation',
    hears: beside('AL1 1=1;3=X^X^L;4=SV'),
    gives: { 'AllergyIntolerance.reaction': [], 'AllergyIntolerance.criticality': 'high' },
  },
  {
    n: 167,
    field: 'IAM-6',
    decided: 'D is entered in error',
    hears: [
      ['ADT^A60', pid, 'IAM 1=1;3=NUT^Nuts^L;6=A;7=ALG9^RGH'],
      ['ADT^A60', pid, 'IAM 1=1;3=NUT^Nuts^L;6=D;7=ALG9^RGH'],
    ],
    gives: {
      'AllergyIntolerance.verificationStatus.codes()': 'allergyintolerance-verification|entered-in-error',
      'AllergyIntolerance.clinicalStatus': [],
    },
    says: [],
  },
  {
    n: 167,
    field: 'IAM-6',
    decided: 'U changes it, X changes nothing',
    hears: [
      ['ADT^A60', pid, 'IAM 1=1;3=NUT^Nuts^L;4=MI;6=A;7=ALG9^RGH'],
      ['ADT^A60', pid, 'IAM 1=1;3=NUT^Nuts^L;4=SV;6=U;7=ALG9^RGH'],
      ['ADT^A60', pid, 'IAM 1=1;3=NUT^Nuts^L;4=MI;6=X;7=ALG9^RGH'],
    ],
    gives: { 'AllergyIntolerance.criticality': 'high' },
  },
  {
    n: 168,
    field: 'IAM-7',
    decided: 'its number is the key, whatever its code',
    hears: [
      ['ADT^A60', pid, 'IAM 1=1;3=NUT^Nuts^L;6=A;7=ALG9^RGH'],
      ['ADT^A60', pid, 'IAM 1=1;3=TREE^Tree nuts^L;6=U;7=ALG9^RGH'],
    ],
    gives: {
      'AllergyIntolerance.identifier.value': 'ALG9',
      'AllergyIntolerance.identifier.system': 'urn:oid:2.16.840.1.113883.19.100.1',
      'AllergyIntolerance.code.coding.code': 'TREE',
    },
  },
  {
    n: 169,
    field: 'DG1-2/4',
    decided: 'DG1-2 names the system, DG1-4 the description',
    hears: beside('DG1 1=1;2=I10;3=J10.1;4=Influenza;6=F'),
    gives: {
      'Condition.code.codes()': 'http://hl7.org/fhir/sid/icd-10|J10.1',
      'Condition.code.text': 'Influenza',
    },
  },
  {
    n: 170,
    field: 'DG1-3',
    decided: 'code; visit, code and DG1-6 are the key',
    hears: [
      ['ADT^A01', pid, pv1, 'DG1 1=1;3=J10^Flu^I10;6=A', 'DG1 1=2;3=J10^Flu^I10;6=F'],
      ['ADT^A08', pid, pv1, 'DG1 1=1;3=J10^Flu^I10;6=F'],
    ],
    gives: {
      'Condition.code.codes()': ['http://hl7.org/fhir/sid/icd-10|J10', 'http://hl7.org/fhir/sid/icd-10|J10'],
      'Condition.encounter.reference': ['Encounter/V1', 'Encounter/V1'],
      'Encounter.diagnosis.count()': 1,
    },
  },
  ...(
    [
      ['A', ['v2-0052|A', 'diagnosis-role|AD']],
      ['F', ['v2-0052|F', 'diagnosis-role|DD']],
      ['W', ['v2-0052|W']],
    ] as const
  ).map(([sent, codes]) => ({
    n: 171,
    field: 'DG1-6',
    decided: `${sent} is ${codes.at(-1) ?? ''}`,
    hears: beside(`DG1 1=1;3=J10^Flu^I10;6=${sent}`),
    gives: { [use]: codes },
  })),
  {
    n: 172,
    field: 'DG1-15',
    decided: 'rank',
    hears: beside('DG1 1=1;3=J10^Flu^I10;15=2'),
    gives: { 'Encounter.diagnosis.rank': 2 },
  },
  {
    n: 173,
    field: 'DG1-17/18',
    decided: 'Y is the label R',
    hears: beside('DG1 1=1;3=J10^Flu^I10;17=C^^HL70228;18=Y'),
    gives: {
      'Condition.meta.security.pair()': 'v3-Confidentiality|R',
      "Condition.ext('confidential').value": true,
      "Condition.ext('diagnosis-classification').value.codes()": 'v2-0228|C',
    },
  },
  {
    n: 174,
    field: 'DG1-21',
    decided: 'D alone is entered in error',
    hears: beside('DG1 1=1;3=J10^Flu^I10;20=DX1^RGH;21=A', 'DG1 1=2;3=J11^Flu^I10;20=DX2^RGH;21=D'),
    gives: {
      'Condition.where(verificationStatus.exists()).identifier.value': 'DX2',
      'Condition.verificationStatus.codes()': 'condition-ver-status|entered-in-error',
      'Encounter.diagnosis.condition.reference': 'Condition/DX1',
    },
  },
  {
    n: 175,
    field: 'DG1-26',
    decided: 'extension present-on-admission',
    hears: beside('DG1 1=1;3=J10^Flu^I10;26=Y^^HL70895'),
    gives: { "Encounter.diagnosis.ext('present-on-admission').value.codes()": 'v2-0895|Y' },
  },
  {
    n: 176,
    field: 'DRG-*',
    decided: 'of the visit',
    hears: beside('DRG 1=123^Hip^L;2=20260301;3=Y'),
    gives: {
      "Encounter.ext('drg').value.coding.code": '123',
      "Encounter.ext('drg-assigned').value": '2026-03-01',
      "Encounter.ext('drg-approved').value": true,
    },
    departs: 'Extensions of the visit in place of residue.',
  },
  {
    n: 177,
    field: 'PR1-4..25',
    decided: 'a procedure that is done; who, when, why',
    hears: beside(
      'PR1 1=1;3=99213^Office visit^C4;5=20260302090000;7=30;8=1^N^N;11=2^S^S;12=3^P^P;15=R1^Why^L;19=PX1^RGH;20=A',
    ),
    gives: {
      'Procedure.status': 'completed',
      'Procedure.code.codes()': 'http://www.ama-assn.org/go/cpt|99213',
      'Procedure.performed': { start: '2026-03-02T09:00:00-06:00', end: '2026-03-02T09:30:00-06:00' },
      "Procedure.performer.select(actor.reference & ' ' & function.coding.display)": [
        'Practitioner/2 Surgeon',
        'Practitioner/3 ',
        'Practitioner/1 Anesthesiologist',
      ],
      'Procedure.reasonCode.coding.code': 'R1',
      'Procedure.identifier.value': 'PX1',
    },
  },
  {
    n: 177,
    field: 'PR1-4..25',
    decided: 'in preparation while the visit is planned',
    hears: [['ADT^A05', pid, pv1, 'PR1 1=1;3=X^X^L;5=20260310']],
    gives: { 'Procedure.status': 'preparation' },
  },
  {
    n: 177,
    field: 'PR1-4..25',
    decided: 'PR1-20 D is entered in error',
    hears: beside('PR1 1=1;3=X^X^L;5=20260302;19=PX1^RGH;20=D'),
    gives: { 'Procedure.status': 'entered-in-error' },
  },
  {
    n: 178,
    field: 'ACC-1',
    decided: 'when it happened',
    hears: beside('ACC 1=20260301103000'),
    gives: { "Account.ext('accident-time').value": '2026-03-01T10:30:00-06:00' },
    departs:
      'Extensions of the account (without one of the visit): no Claim is made, which has elements for an accident.',
  },
  {
    n: 179,
    field: 'ACC-2',
    decided: 'kind of accident, mapped where the site has a table',
    hears: beside('ACC 2=AUTO^Car^HL70050'),
    gives: { "Account.ext('accident-code').value.coding.where(system.endsWith('v2-0050')).code": 'AUTO' },
  },
  {
    n: 180,
    field: 'ACC-3/11',
    decided: 'where it happened',
    hears: beside('ACC 3=Elm Street;11=1 ELM^^TOWN'),
    gives: {
      "Account.ext('accident-location').value": 'Elm Street',
      "Account.ext('accident-address').value": { line: ['1 ELM'], city: 'TOWN' },
    },
  },
  {
    n: 181,
    field: 'ACC-4',
    decided: 'state',
    hears: beside('ACC 4=IL'),
    gives: { "Account.ext('accident-state').value.codes()": ['v2-0347|IL', 'https://www.usps.com/|IL'] },
  },
  {
    n: 182,
    field: 'ACC-5/6/10',
    decided: 'at work, fatal, police notified',
    hears: beside('ACC 5=Y;6=N;10=Y'),
    gives: {
      "Account.ext('accident-job-related').value": true,
      "Account.ext('accident-death').value": false,
      "Account.ext('accident-police-notified').value": true,
    },
  },
  {
    n: 183,
    field: 'ACC-7',
    decided: 'who entered it',
    hears: beside('ACC 7=7^A^B'),
    gives: { "Account.ext('accident-entered-by').value.reference": 'Practitioner/7' },
  },
  {
    n: 184,
    field: 'ACC-8',
    decided: 'description',
    hears: beside('ACC 8=Hit a tree'),
    gives: { "Account.ext('accident-description').value": 'Hit a tree' },
  },
  {
    n: 185,
    field: 'ACC-13',
    decided: 'number',
    hears: beside('ACC 13=ACC1^RGH'),
    gives: { "Account.ext('accident-identifier').value.value": 'ACC1' },
  },
  {
    n: 186,
    field: 'PDA-1..9',
    decided: 'an observation of the cause of death; the person is not dead by it',
    hears: beside(
      'PDA 1=I21^Infarction^I10;2=3N^1;3=Y;4=20260302;5=7^A^B;6=Y;7=20260301^20260302;8=8^C^D;9=N',
    ),
    gives: {
      'Observation.code.codes()': 'http://loinc.org|69453-9',
      'Observation.value.codes()': 'http://hl7.org/fhir/sid/icd-10|I21',
      "Observation.ext('death-location').value.reference": 'Location/3N-1',
      "Observation.ext('death-certified').value": true,
      "Observation.ext('death-certificate-signed').value": '2026-03-02',
      'Observation.performer.reference': 'Practitioner/7',
      "Observation.ext('autopsy').value": true,
      "Observation.ext('autopsy-period').value": { start: '2026-03-01', end: '2026-03-02' },
      "Observation.ext('autopsy-performed-by').value.reference": 'Practitioner/8',
      "Observation.ext('coroner').value": false,
      'Patient.deceased': [],
    },
  },
  {
    n: 187,
    field: 'DB1-2',
    decided: 'of the patient alone; of others it is residue',
    hears: beside('DB1 1=1;2=GT;3=DIS2^^^RGH;4=Y'),
    gives: { "Patient.ext('disability')": [] },
    residue: ['DB1-1', 'DB1-2', 'DB1-3', 'DB1-4'],
  },
  {
    n: 188,
    field: 'DB1-3..8',
    decided: 'disability with its period',
    hears: beside('DB1 1=1;2=PT;3=DIS1^^^RGH;4=Y;5=20260101;6=20260201;7=20260301;8=20260302'),
    gives: {
      "Patient.ext('disabled-person').value.value": 'DIS1',
      "Patient.ext('disability').value": true,
      "Patient.ext('disability-period').value": { start: '2026-01-01', end: '2026-02-01' },
      "Patient.ext('disability-return-to-work').value": '2026-03-01',
      "Patient.ext('disability-unable-to-work').value": '2026-03-02',
    },
  },
  {
    n: 189,
    field: 'UB1/UB2',
    decided: 'residue',
    hears: beside('UB1 1=1;2=2', 'UB2 1=1;2=3'),
    residue: ['UB1-1', 'UB1-2', 'UB2-1', 'UB2-2'],
  },
  {
    n: 255,
    field: 'AUT-1..29',
    decided: 'the answer to a request for authorization: its number, from and until',
    hears: beside('IN1 1=1;2=PLAN1;3=PAY1;36=POL1', 'AUT 1=PLAN1;2=CO1;4=20260101;5=20260131;6=AUTH9^RGH'),
    gives: {
      'ClaimResponse.use': 'preauthorization',
      'ClaimResponse.outcome': 'complete',
      'ClaimResponse.preAuthRef': 'AUTH9',
      'ClaimResponse.preAuthPeriod': { start: '2026-01-01', end: '2026-01-31' },
      'ClaimResponse.patient.reference': 'Patient/MRN1',
    },
  },
  {
    n: 256,
    field: 'RF1-1..25',
    decided: 'a referral',
    hears: beside(
      'RF1 1=A^^HL70283;2=R;3=Med^Medical^HL70281;6=RF1^RGH;7=20260303;8=20260401;9=20260302;10=R1^Cough^L;11=RFX^RGH;24=Soon',
    ),
    gives: {
      'ServiceRequest.status': 'active',
      'ServiceRequest.intent': 'order',
      'ServiceRequest.priority': 'routine',
      'ServiceRequest.code.codes()': 'v2-0281|Med',
      "ServiceRequest.identifier.select(type.coding.code & ' ' & value)": ['FILL RFX', 'PLAC RF1'],
      'ServiceRequest.occurrence': { start: '2026-03-03', end: '2026-04-01' },
      'ServiceRequest.authoredOn': '2026-03-02',
      'ServiceRequest.reasonCode.coding.code': 'R1',
      'ServiceRequest.note.text': 'Soon',
    },
    departs: 'RF1-3 is the code of what is asked for, RF1-5 its category.',
  },
  {
    n: 257,
    field: 'OBX (ADT/SIU)',
    decided: 'an observation; a status that was not sent is unknown',
    hears: beside('OBX 1=1;2=NM;3=8302-2^Height^LN;5=170;6=cm^centimeter^UCUM'),
    gives: {
      'Observation.code.codes()': 'http://loinc.org|8302-2',
      'Observation.value': {
        value: 170,
        unit: 'centimeter',
        system: 'http://unitsofmeasure.org',
        code: 'cm',
      },
      'Observation.status': 'unknown',
    },
  },
  {
    n: 257,
    field: 'OBX (ADT/SIU)',
    decided: 'D takes it back',
    hears: [
      ['ADT^A01', pid, pv1, 'OBX 1=1;2=NM;3=8302-2^Height^LN;5=170;6=cm;11=F;21=O1^RGH'],
      ['ADT^A08', pid, pv1, 'OBX 1=1;2=NM;3=8302-2^Height^LN;5="";11=D;21=O1^RGH'],
    ],
    gives: { 'Observation.status': 'entered-in-error', 'Observation.value': [] },
  },
  {
    n: 258,
    field: 'NTE after PID',
    decided: 'a note of the person',
    hears: [['ADT^A31', pid, 'NTE 1=1;3=Hard of hearing']],
    gives: { "Patient.ext('patient-note').value.text": 'Hard of hearing' },
  },
  {
    n: 259,
    field: 'ZXX-n',
    decided: 'residue until the site has rows for it (docs/guide/map-a-z-segment.md), never an error',
    hears: beside('ZZZ 1=1;3=x'),
    residue: ['ZZZ-1', 'ZZZ-3'],
    says: [],
  },
]
