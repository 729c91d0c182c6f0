// Weights of evidence that two records are one person, in bits (Fellegi-Sunter; semantics, section 4), and
// values that stand for "not known".

export type MatchField =
  | 'family'
  | 'given'
  | 'birthDate'
  | 'sex'
  | 'phone'
  | 'email'
  | 'address'
  | 'postalCode'
  | 'ssn'
  | 'ssn4'
  | 'mothersMaidenName'

/**
 * log2 of how much likelier an outcome is for one person than for two. A field without `partial` knows only
 * yes and no.
 */
export interface FieldWeight {
  readonly agree: number
  readonly partial?: number
  readonly disagree: number
}

export interface MatchWeights {
  readonly fields: Readonly<Record<MatchField, FieldWeight>>
  /** Jaro-Winkler likeness from which names agree, and from which they agree in part. */
  readonly likeness: { readonly agree: number; readonly partial: number }
  /** Least bits of each grade; what has less is certainly not the same person. */
  readonly grades: { readonly certain: number; readonly probable: number; readonly possible: number }
  /** Fields that must agree before anything is certain. */
  readonly certainFields: number
}

export const defaultWeights: MatchWeights = {
  fields: {
    family: { agree: 10.5, partial: 5.2, disagree: -3.5 },
    given: { agree: 8.4, partial: 4.2, disagree: -3.1 },
    birthDate: { agree: 14, partial: 7, disagree: -6 },
    sex: { agree: 1.1, partial: 0, disagree: -3.4 },
    phone: { agree: 8, disagree: -1 },
    email: { agree: 10, disagree: -0.5 },
    address: { agree: 6, partial: 3, disagree: -1 },
    postalCode: { agree: 4.6, disagree: -2.6 },
    ssn: { agree: 16, partial: 8, disagree: -6 },
    ssn4: { agree: 7, disagree: -4 },
    mothersMaidenName: { agree: 5, partial: 2.5, disagree: -2 },
  },
  likeness: { agree: 0.92, partial: 0.85 },
  grades: { certain: 32, probable: 24, possible: 14 },
  certainFields: 4,
}

/**
 * Names that say that the name is not known: equal to, or beginning with ('BABYGIRLA'), upper case without
 * blanks.
 */
export const placeholderNames: ReadonlySet<string> = new Set([
  'DOE',
  'UNKNOWN',
  'UNK',
  'UNIDENTIFIED',
  'UNNAMED',
  'NONAME',
  'NOTKNOWN',
  'NA',
  'NONE',
  'TEST',
  'TESTPATIENT',
  'PATIENT',
  'ANONYMOUS',
  'XXX',
  'XXXX',
  'TRAUMA',
])
export const placeholderPrefixes: readonly string[] = [
  'BABYBOY',
  'BABYGIRL',
  'BABYMALE',
  'BABYFEMALE',
  'BABYUNKNOWN',
  'BABYOF',
  'BOYOF',
  'GIRLOF',
  'INFANTOF',
  'NEWBORN',
  'BABYA',
  'BABYB',
  'BABYC',
]
/** Names that are placeholders as a whole word only, since they are also real names. */
export const placeholderWords: ReadonlySet<string> = new Set([
  'BABY',
  'INFANT',
  'INFANTBOY',
  'INFANTGIRL',
  'TWIN',
  'TWINA',
  'TWINB',
])

export const placeholderBirthDates: ReadonlySet<string> = new Set([
  '1900-01-01',
  '1800-01-01',
  '1901-01-01',
  '9999-12-31',
])

/** HL7 table 0200: names that are not evidence of who somebody is. */
export const unusableNameTypes: ReadonlySet<string> = new Set(['U', 'NAV', 'NOUSE', 'BAD', 'TEMP', 'NB'])

/**
 * USPS Publication 28, appendices B, C1 and C2: words of an address in the form in which they are compared.
 */
export const addressWords: Readonly<Record<string, string>> = {
  ALLEY: 'ALY',
  AVENUE: 'AVE',
  AV: 'AVE',
  BOULEVARD: 'BLVD',
  BOUL: 'BLVD',
  BRIDGE: 'BRG',
  BROOK: 'BRK',
  CENTER: 'CTR',
  CENTRE: 'CTR',
  CIRCLE: 'CIR',
  COURT: 'CT',
  COVE: 'CV',
  CREEK: 'CRK',
  CRESCENT: 'CRES',
  CROSSING: 'XING',
  DRIVE: 'DR',
  DRV: 'DR',
  ESTATE: 'EST',
  ESTATES: 'ESTS',
  EXPRESSWAY: 'EXPY',
  EXTENSION: 'EXT',
  FALLS: 'FLS',
  FERRY: 'FRY',
  FIELD: 'FLD',
  FIELDS: 'FLDS',
  FOREST: 'FRST',
  FORT: 'FT',
  FREEWAY: 'FWY',
  GARDEN: 'GDN',
  GARDENS: 'GDNS',
  GLEN: 'GLN',
  GREEN: 'GRN',
  GROVE: 'GRV',
  HARBOR: 'HBR',
  HEIGHTS: 'HTS',
  HIGHWAY: 'HWY',
  HILL: 'HL',
  HILLS: 'HLS',
  HOLLOW: 'HOLW',
  ISLAND: 'IS',
  JUNCTION: 'JCT',
  LAKE: 'LK',
  LAKES: 'LKS',
  LANDING: 'LNDG',
  LANE: 'LN',
  LODGE: 'LDG',
  MANOR: 'MNR',
  MEADOW: 'MDW',
  MEADOWS: 'MDWS',
  MILL: 'ML',
  MOUNT: 'MT',
  MOUNTAIN: 'MTN',
  ORCHARD: 'ORCH',
  PARKWAY: 'PKWY',
  PLACE: 'PL',
  PLAZA: 'PLZ',
  POINT: 'PT',
  PRAIRIE: 'PR',
  RANCH: 'RNCH',
  RIDGE: 'RDG',
  RIVER: 'RIV',
  ROAD: 'RD',
  ROUTE: 'RTE',
  SPRING: 'SPG',
  SPRINGS: 'SPGS',
  SQUARE: 'SQ',
  STATION: 'STA',
  STREAM: 'STRM',
  STREET: 'ST',
  STR: 'ST',
  SUMMIT: 'SMT',
  TERRACE: 'TER',
  TRACE: 'TRCE',
  TRAIL: 'TRL',
  TURNPIKE: 'TPKE',
  UNION: 'UN',
  VALLEY: 'VLY',
  VIEW: 'VW',
  VILLAGE: 'VLG',
  VISTA: 'VIS',
  NORTH: 'N',
  SOUTH: 'S',
  EAST: 'E',
  WEST: 'W',
  NORTHEAST: 'NE',
  NORTHWEST: 'NW',
  SOUTHEAST: 'SE',
  SOUTHWEST: 'SW',
  SAINT: 'ST',
  FIRST: '1ST',
  SECOND: '2ND',
  THIRD: '3RD',
  FOURTH: '4TH',
  FIFTH: '5TH',
  SIXTH: '6TH',
  SEVENTH: '7TH',
  EIGHTH: '8TH',
  NINTH: '9TH',
  TENTH: '10TH',
}

/** Words before the number of a flat or a room inside a house. */
export const unitWords: ReadonlySet<string> = new Set([
  'APARTMENT',
  'APT',
  'BUILDING',
  'BLDG',
  'FLAT',
  'FLOOR',
  'FL',
  'LOT',
  'NO',
  'ROOM',
  'RM',
  'SUITE',
  'STE',
  'UNIT',
  'TRLR',
])
