// What the code maps of the v2-to-FHIR guide lack or get wrong, as data: src/mappings/tables/README.md gives the reasons.

/** 'system|code', or null = known in v2, without counterpart in FHIR. */
export type TargetCode = string | null

export interface Correction {
  /** Name of the guide's map. */
  readonly map: string
  /** One line of src/mappings/tables/README.md, word for word. */
  readonly why: string
  /** v2 code -> target. Codes that the guide does not list are appended. */
  readonly set?: Readonly<Record<string, TargetCode>>
  /** v2 code -> ConceptMap.equivalence, where the computed one would not be right. */
  readonly equivalence?: Readonly<Record<string, 'equivalent' | 'wider' | 'inexact'>>
  /** Text of appended codes that no code system of FHIR R4 gives. */
  readonly display?: Readonly<Record<string, string>>
  /** Code as the guide spells it -> code as the table spells it, on both sides. */
  readonly respell?: Readonly<Record<string, string>>
  /** Appends every code of this HL7 table that the guide omits, mapped to itself. */
  readonly complete?: string
  /** Rows without a v2 code are codes that senders may use as they are: the v2 table is user-defined and has none. */
  readonly ownCodes?: true
  /** The columns 'code' and 'display' of the target are exchanged. */
  readonly swapped?: true
  /** Target code system of rows that name none, or a wrong one. */
  readonly target?: string
}

const appointment = 'http://hl7.org/fhir/appointmentstatus'
const nameUse = 'http://hl7.org/fhir/name-use'
const discharge = 'http://terminology.hl7.org/CodeSystem/discharge-disposition'

export const corrections: readonly Correction[] = [
  {
    map: 'TelecommunicationEquipmentType',
    why: 'CP was `mobile`, a use and not a system of ContactPoint: now `phone`; the use is in TelecommunicationEquipmentType[Use].',
    set: { CP: 'http://hl7.org/fhir/contact-point-system|phone' },
  },
  {
    map: 'Event[EncounterStatus]',
    why: 'A04 is an arrival (`arrived`, not `planned`); A08 says nothing of the status (no target, not `unknown`).',
    set: { A04: 'http://hl7.org/fhir/encounter-status|arrived', A08: null },
  },
  {
    map: 'AllergenType[AllergyIntoleranceCategory]',
    why: 'AA (animal allergy) was `biologic`, which means vaccines and other biological products: now `environment`.',
    set: { AA: 'http://hl7.org/fhir/allergy-intolerance-category|environment' },
  },
  {
    map: 'DiagnosisType',
    why: 'F (final) was without target: `DD`, discharge diagnosis. W (working) has no counterpart.',
    set: { F: 'http://terminology.hl7.org/CodeSystem/diagnosis-role|DD' },
  },
  {
    map: 'FillerStatusCodes[Appointment]',
    why: 'Overbook, Blocked and Discontinued were without target and DC was missing, although Appointment.status is required: `booked` (time that is taken), `cancelled`.',
    set: {
      Overbook: `${appointment}|booked`,
      Blocked: `${appointment}|booked`,
      Discontinued: `${appointment}|cancelled`,
      DC: `${appointment}|cancelled`,
    },
    equivalence: { Blocked: 'inexact' },
  },
  {
    map: 'NameType',
    why: 'A (alias, assigned) and S (pseudonym) are `anonymous`, NOUSE is `old`, NB (newborn) is `temp`, each by the definition of the FHIR code.',
    set: {
      A: `${nameUse}|anonymous`,
      S: `${nameUse}|anonymous`,
      NOUSE: `${nameUse}|old`,
      NB: `${nameUse}|temp`,
    },
    equivalence: { L: 'equivalent' },
  },
  {
    map: 'IdentifierType',
    why: '19 codes of table 0203 were missing, FILL, PLAC, SB and XV among them.',
    complete: '0203',
  },
  {
    map: 'ContactRole',
    why: 'BP, CP, EP and PR of table 0131 were missing.',
    complete: '0131',
  },
  {
    map: 'SegmentActionCode',
    why: 'U had two targets for one code, PUT and PATCH: the segment is a complete statement of its element, so PUT. S (snapshot) was missing and is no request.',
    set: { U: 'http://hl7.org/fhir/http-verb|PUT', S: null },
  },
  {
    map: 'DischargeDisposition',
    why: 'User-defined table 0112 without v2 codes: those that HL7 2.4 suggests and the UB-04 patient status codes in daily use, each to the FHIR code that contains it; 09 and 30 are no disposition.',
    ownCodes: true,
    set: {
      '01': `${discharge}|home`,
      '02': `${discharge}|other-hcf`,
      '03': `${discharge}|snf`,
      '04': `${discharge}|other-hcf`,
      '05': `${discharge}|other-hcf`,
      '06': `${discharge}|home`,
      '07': `${discharge}|aadvice`,
      '08': `${discharge}|home`,
      '09': null,
      '20': `${discharge}|exp`,
      '30': null,
      '40': `${discharge}|exp`,
      '41': `${discharge}|exp`,
      '42': `${discharge}|exp`,
      '43': `${discharge}|other-hcf`,
      '50': `${discharge}|hosp`,
      '51': `${discharge}|hosp`,
      '62': `${discharge}|rehab`,
      '63': `${discharge}|long`,
      '65': `${discharge}|psy`,
      '66': `${discharge}|other-hcf`,
    },
    display: {
      '01': 'Home or self care',
      '02': 'Short term general hospital',
      '03': 'Skilled nursing facility',
      '04': 'Intermediate care facility',
      '05': 'Another type of institution',
      '06': 'Home, with home health service',
      '07': 'Left against medical advice',
      '08': 'Home, with home IV provider',
      '09': 'Admitted as an inpatient to this hospital',
      '20': 'Expired',
      '30': 'Still patient',
      '40': 'Expired at home',
      '41': 'Expired in a medical facility',
      '42': 'Expired, place unknown',
      '43': 'Federal health care facility',
      '50': 'Hospice, home',
      '51': 'Hospice, medical facility',
      '62': 'Inpatient rehabilitation facility',
      '63': 'Long term care hospital',
      '65': 'Psychiatric hospital',
      '66': 'Critical access hospital',
    },
    equivalence: { '01': 'wider', '03': 'wider', '07': 'wider', '62': 'wider', '63': 'wider', '65': 'wider' },
  },
  {
    map: 'PatientClass[EncounterClass]',
    why: 'R (recurring) was left in the v2 table, as was B (obstetrics): now `AMB` and `IMP`, the code that was sent is kept in an extension of the class.',
    set: {
      B: 'http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP',
      R: 'http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB',
    },
    equivalence: { B: 'wider', I: 'equivalent', O: 'equivalent', R: 'wider' },
  },
  {
    map: 'PrimaryLanguage',
    why: 'User-defined table 0296 without v2 codes: BCP 47 tags are accepted as they are, and ISO 639-2 codes (`spa`), which BCP 47 has in two letters only.',
    ownCodes: true,
    set: {
      ara: 'urn:ietf:bcp:47|ar',
      ben: 'urn:ietf:bcp:47|bn',
      ces: 'urn:ietf:bcp:47|cs',
      cze: 'urn:ietf:bcp:47|cs',
      dan: 'urn:ietf:bcp:47|da',
      deu: 'urn:ietf:bcp:47|de',
      ger: 'urn:ietf:bcp:47|de',
      ell: 'urn:ietf:bcp:47|el',
      gre: 'urn:ietf:bcp:47|el',
      eng: 'urn:ietf:bcp:47|en',
      spa: 'urn:ietf:bcp:47|es',
      fin: 'urn:ietf:bcp:47|fi',
      fra: 'urn:ietf:bcp:47|fr',
      fre: 'urn:ietf:bcp:47|fr',
      hin: 'urn:ietf:bcp:47|hi',
      hrv: 'urn:ietf:bcp:47|hr',
      ita: 'urn:ietf:bcp:47|it',
      jpn: 'urn:ietf:bcp:47|ja',
      kor: 'urn:ietf:bcp:47|ko',
      nld: 'urn:ietf:bcp:47|nl',
      dut: 'urn:ietf:bcp:47|nl',
      nor: 'urn:ietf:bcp:47|no',
      pan: 'urn:ietf:bcp:47|pa',
      pol: 'urn:ietf:bcp:47|pl',
      por: 'urn:ietf:bcp:47|pt',
      rus: 'urn:ietf:bcp:47|ru',
      srp: 'urn:ietf:bcp:47|sr',
      swe: 'urn:ietf:bcp:47|sv',
      tel: 'urn:ietf:bcp:47|te',
      zho: 'urn:ietf:bcp:47|zh',
      chi: 'urn:ietf:bcp:47|zh',
    },
    display: {
      ara: 'Arabic',
      ben: 'Bengali',
      ces: 'Czech',
      cze: 'Czech',
      dan: 'Danish',
      deu: 'German',
      ger: 'German',
      ell: 'Greek',
      gre: 'Greek',
      eng: 'English',
      spa: 'Spanish',
      fin: 'Finnish',
      fra: 'French',
      fre: 'French',
      hin: 'Hindi',
      hrv: 'Croatian',
      ita: 'Italian',
      jpn: 'Japanese',
      kor: 'Korean',
      nld: 'Dutch',
      dut: 'Dutch',
      nor: 'Norwegian',
      pan: 'Punjabi',
      pol: 'Polish',
      por: 'Portuguese',
      rus: 'Russian',
      srp: 'Serbian',
      swe: 'Swedish',
      tel: 'Telegu',
      zho: 'Chinese',
      chi: 'Chinese',
    },
  },
  {
    map: 'PrincipalLanguageOfMessage',
    why: '55 of 56 rows named no code system: all are BCP 47 tags, accepted as they are.',
    ownCodes: true,
    target: 'urn:ietf:bcp:47',
  },
  {
    map: 'TestServiceDefaultDurationUnits',
    why: 'The system of UCUM had a slash at its end; UCUM codes are accepted as they are.',
    ownCodes: true,
    target: 'http://unitsofmeasure.org',
  },
  {
    map: 'VIPIndicator',
    why: 'User-defined table 0099 without v2 codes: those of the target are accepted as they are.',
    ownCodes: true,
  },
  {
    map: 'FinancialClass',
    why: 'User-defined table 0064 without v2 codes: those of the target are accepted as they are.',
    ownCodes: true,
  },
  {
    map: 'DietType',
    why: 'User-defined table 0114 without v2 codes: those of the target are accepted as they are.',
    ownCodes: true,
  },
  {
    map: 'ConfidentialityClassification',
    why: 'Code and display of the target were exchanged; the v2 table has no codes, those of the target are accepted as they are.',
    ownCodes: true,
    swapped: true,
  },
  {
    map: 'RepeatPattern',
    why: 'Two codes of table 0335 were in quotation marks.',
    respell: { '"U <spec>"': 'U <spec>', '"Meal Related Timings"': 'Meal Related Timings' },
  },
  {
    map: 'InterpretationCodes',
    why: '< and > were followed by a no-break space, so that no message would have matched.',
    respell: { '<\u00a0': '<', '>\u00a0': '>' },
  },
]

/** HL7 tables of maps whose CSV names none, or misspells it. Maps that are still without have no group.source. */
export const sourceTables: Readonly<Record<string, string>> = {
  DietType: '0114',
  DischargeDisposition: '0112',
  DischargedToLocation: '0113',
  FinancialClass: '0064',
  MessageStructure: '0354',
  OperatorID: '0188',
  ParticipantOrganizationUnitType: '0406',
  PlanId: '0072',
  PrimaryLanguage: '0296',
  ProcessingMode: '0207',
  VIPIndicator: '0099',
}
