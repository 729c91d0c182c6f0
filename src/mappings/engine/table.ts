// Code tables: FHIR ConceptMap -> lookup by code (FHIR R4 ConceptMap; HL7 v2-to-FHIR IG, concept maps).

/** What a table says of a code. No `code`: the table knows it and has no equivalent for it. */
export interface Translation {
  readonly code?: string
  readonly system?: string
  readonly display?: string
  /** Code system that the original belongs to. */
  readonly source?: string
  readonly equivalence?: string
}

/** The parts of a ConceptMap that are read. */
export interface ConceptMap {
  readonly resourceType?: string
  readonly id?: string
  readonly url?: string
  readonly name: string
  readonly group?: readonly {
    readonly source?: string | null
    readonly target?: string | null
    readonly element?: readonly {
      readonly code: string
      readonly display?: string
      readonly target?: readonly {
        readonly code?: string
        readonly display?: string
        readonly equivalence?: string
        readonly comment?: string
      }[]
    }[]
  }[]
}

/** One compiled table. Codes are found as sent, else without regard to case. */
export interface Table {
  readonly name: string
  /** Code systems that codes come from and go to. */
  readonly sources: ReadonlySet<string>
  readonly targets: ReadonlySet<string>
  /** It lists nothing: users define the codes, so none is missing. */
  readonly open: boolean
  translate(code: string): Translation | undefined
}

export type Tables = ReadonlyMap<string, Table>

/** FHIR R4 concept-map-equivalence. */
export const equivalences: ReadonlySet<string> = new Set(
  'relatedto equivalent equal wider subsumes narrower specializes inexact unmatched disjoint'.split(' '),
)
const none = new Set(['unmatched', 'disjoint'])

/** Compiles ConceptMaps by their `name`; of several with one name the last wins, code by code. */
export function compileTables(maps: readonly ConceptMap[]): Tables {
  const tables = new Map<string, Table>()
  const found = new Map<string, Map<string, Translation>>()
  for (const map of maps) {
    let exact = found.get(map.name)
    if (!exact) {
      exact = new Map()
      found.set(map.name, exact)
    }
    for (const group of map.group ?? []) {
      for (const element of group.element ?? []) {
        const target = element.target?.find(
          (one) => one.code !== undefined && !none.has(one.equivalence ?? ''),
        )
        exact.set(element.code, {
          ...(group.source && { source: group.source }),
          ...(target?.code !== undefined && { code: target.code }),
          ...(target && group.target && { system: group.target }),
          ...(target?.display !== undefined && { display: target.display }),
          ...(target?.equivalence !== undefined && { equivalence: target.equivalence }),
        })
      }
    }
  }
  for (const [name, exact] of found) tables.set(name, tableOf(name, exact))
  return tables
}

function tableOf(name: string, exact: ReadonlyMap<string, Translation>): Table {
  const folded = new Map<string, Translation>()
  for (const [code, translation] of exact) {
    const key = code.toUpperCase()
    if (!folded.has(key)) folded.set(key, translation)
  }
  const sources = new Set<string>()
  const targets = new Set<string>()
  for (const { source, system } of exact.values()) {
    if (source !== undefined) sources.add(source)
    if (system !== undefined) targets.add(system)
  }
  return {
    name,
    sources,
    targets,
    open: exact.size === 0,
    translate: (code) => exact.get(code) ?? folded.get(code.toUpperCase()),
  }
}
