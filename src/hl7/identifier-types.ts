// What types of identifiers say of who is meant (HL7 table 0203; semantics, section 1).

/** They support a match and decide nothing: numbers of other bodies, which relatives share and people mistype. */
export const EVIDENCE_TYPES: ReadonlySet<string> = new Set([
  'SS',
  'DL',
  'PPN',
  'MB',
  'SN',
  'MC',
  'MA',
  'MI',
  'JHN',
  'NI',
  'HC',
  'PHN',
])
