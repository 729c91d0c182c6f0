// What the checker knows of HL7 v2: segments, fields and data types of all versions, and the tables there
// are.
import { segments as segmentFields, types as typeComponents } from './v2.generated.ts'

export interface Grammar {
  /**
   * Data types that a field has had; undefined when no version has the field. Empty = declared without
   * types.
   */
  field(segment: string, field: number): readonly string[] | undefined
  /** True when some version, or the site, has the segment. */
  hasSegment(name: string): boolean
  /** Data types of a component; undefined beyond the last one. */
  component(type: string, component: number): readonly string[] | undefined
  /** False for primitives and for types that nobody knows. */
  isComposite(type: string): boolean
  readonly tables: ReadonlySet<string>
}

// Fields and names that came after the versions of the dictionary (2.8 and later).
const later: Readonly<Record<string, Readonly<Record<number, readonly string[]>>>> = {
  IN1: { 54: ['CX'], 55: ['ID'] },
  IN3: from(26, 'DTM CWE'),
  ACC: from(13, 'EI'),
  OBX: from(26, 'CWE CWE CWE ID'),
  AUT: from(13, 'CWE CWE DTM CWE ST CQ CQ CQ CWE MO XON XCN ST DTM XTN ST ID'),
  RF1: from(13, 'DTM ST CQ CQ CQ MO XON XCN ST DTM XTN ST ID'),
  PRT: from(16, 'EI DTM DTM ST ST EI CNE'),
}

function from(first: number, types: string): Record<number, readonly string[]> {
  return Object.fromEntries(types.split(' ').map((type, index) => [first + index, [type]]))
}

const renamed: Readonly<Record<string, string>> = { DTM: 'TS', CNE: 'CWE' }

/** `declared`: Z segments of the site and how many fields they have. */
export function grammarOf(
  tables: ReadonlySet<string>,
  declared: Readonly<Record<string, number>> = {},
): Grammar {
  const component = (type: string, index: number) =>
    typesAt(typeComponents[type] ?? typeComponents[renamed[type] ?? ''], index)
  return {
    field: (segment, field) => {
      const known = typesAt(segmentFields[segment], field) ?? later[segment]?.[field]
      return known ?? (field <= (declared[segment] ?? 0) ? [] : undefined)
    },
    hasSegment: (name) => segmentFields[name] !== undefined || declared[name] !== undefined,
    component,
    isComposite: (type) => component(type, 1) !== undefined,
    tables,
  }
}

function typesAt(list: string | undefined, index: number): readonly string[] | undefined {
  const types = list?.split(' ')[index - 1]
  return types === undefined || types === '-' ? undefined : types.split('/')
}
