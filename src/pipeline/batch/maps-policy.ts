// How a Provenance names the mappings that read its message: they are the plan by which it was written.

/** Before the beginning of the hash of rows, tables, codes and repairs of the source. */
export const mapsPolicy = 'urn:portico:maps:'
/** As many characters of the hash as tell mappings apart. */
export const hashCharacters = 16
