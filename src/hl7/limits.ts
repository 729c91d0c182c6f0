// How much of anything a message may hold (HL7 v2 states no limits; these are far beyond what is sent).

/** Counts beyond which a message is refused (or, for components, read no further). */
export const limits = {
  maxSegments: 100_000,
  maxFieldsPerSegment: 4_000,
  maxRepetitions: 10_000,
  /** Free text may hold any number of raw separators, so more is no fault: the last part keeps the rest. */
  maxComponents: 1_000,
  maxSubcomponents: 1_000,
} as const
