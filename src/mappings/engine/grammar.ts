// What the checker knows of HL7 v2: segments, fields, data types of all versions (npm hl7v2-dictionary).

/** A field of a segment in any version. */
export interface FieldGrammar {
  /** Data types it has had: 'CE', 'CWE'. */
  readonly types: ReadonlySet<string>
}

export interface Grammar {
  /** Undefined when no version has the segment. Z segments that the site declares are in it. */
  segment(name: string): ReadonlyMap<number, FieldGrammar> | undefined
  /** Number of components of a data type, the largest of all versions; 0 for primitives and unknown types. */
  components(type: string): number
  /** Data type of a component: what its subcomponents are counted by. */
  componentType(type: string, component: number): string | undefined
  /** Names of the code tables. */
  readonly tables: ReadonlySet<string>
}

interface Definitions {
  readonly segments?: Readonly<
    Record<string, { readonly fields: Readonly<Record<string, { readonly type: string }>> }>
  >
  readonly types?: Readonly<
    Record<string, { readonly fields?: Readonly<Record<string, { readonly type: string }>> }>
  >
}

// Types that newer versions use and the dictionary does not list under these names.
const same: Readonly<Record<string, string>> = { DTM: 'TS', CNE: 'CWE' }

// Fields that came after the versions of the dictionary: 2.8 and later.
const later: Readonly<Record<string, Readonly<Record<number, string>>>> = { IN1: { 54: 'CX', 55: 'ID' } }

/** Reads the dictionary (large: only checking needs it). `declared` are Z segments: name -> number of fields. */
export async function loadGrammar(
  tables: ReadonlySet<string>,
  declared: Readonly<Record<string, number>> = {},
): Promise<Grammar> {
  const { dictionaries } = await import('hl7v2-dictionary')
  const segments = new Map<string, Map<number, { types: Set<string> }>>()
  const types = new Map<string, Map<number, string>>()
  for (const version of Object.values(dictionaries) as readonly Definitions[]) {
    for (const [name, { fields }] of Object.entries(version.segments ?? {})) {
      const known = segments.get(name) ?? new Map<number, { types: Set<string> }>()
      segments.set(name, known)
      for (const [field, { type }] of Object.entries(fields)) {
        const at = known.get(Number(field)) ?? { types: new Set<string>() }
        known.set(Number(field), at)
        at.types.add(type)
      }
    }
    for (const [name, { fields }] of Object.entries(version.types ?? {})) {
      const known = types.get(name) ?? new Map<number, string>()
      types.set(name, known)
      for (const [component, { type }] of Object.entries(fields ?? {})) known.set(Number(component), type)
    }
  }
  for (const [name, fields] of Object.entries(later)) {
    for (const [field, type] of Object.entries(fields))
      segments.get(name)?.set(Number(field), { types: new Set([type]) })
  }
  for (const [name, count] of Object.entries(declared)) {
    segments.set(
      name,
      new Map(Array.from({ length: count }, (_, i) => [i + 1, { types: new Set<string>() }])),
    )
  }
  const typeOf = (name: string) => types.get(name) ?? types.get(same[name] ?? '')
  return {
    segment: (name) => segments.get(name),
    components: (type) => Math.max(0, ...(typeOf(type)?.keys() ?? [])),
    componentType: (type, component) => typeOf(type)?.get(component),
    tables,
  }
}
