// Shapes of lineage: which v2 position and which row wrote each part of a value. Senders use few forms, so that equal
// shapes are stored once and an assertion keeps a name of twelve characters. Shapes hold no values.
import { createHash } from 'node:crypto'
import { Recent } from '../../fhir/recent.ts'
import type { Span } from '../../mappings/mapped.ts'

/** Shapes remembered by this process: half of them at least, so that those of a batch are there until it is written. */
const maxRemembered = 20_000
const idOf = new WeakMap<readonly Span[], string>()
const spansOf = new Recent<readonly Span[]>(maxRemembered)
const derivedShapes = new Recent<string>(maxRemembered)

/** Name of a shape; undefined when there is nothing to tell. */
export function shapeId(spans: readonly Span[]): string | undefined {
  if (spans.length === 0) return undefined
  const known = idOf.get(spans)
  if (known !== undefined && spansOf.get(known)) return known
  const text = spans.map(({ fhir, v2, row }) => `${fhir}\u0001${v2}\u0001${row}`).join('\u0002')
  const id = createHash('sha256').update(text).digest('base64url').slice(0, 12)
  idOf.set(spans, id)
  spansOf.set(id, spans)
  return id
}

/** Spans of a shape that this process has met. */
export const spansOfShape = (id: string): readonly Span[] | undefined => spansOf.get(id)

/** One shape of several, each under a path of its own ('contact[1].'). */
export function joinShapes(
  parts: readonly { readonly prefix: string; readonly id: string | undefined }[],
): string | undefined {
  const key = parts.map(({ prefix, id }) => `${prefix}=${id ?? ''}`).join('+')
  return remember(key, () =>
    parts.flatMap(({ prefix, id }) =>
      (id === undefined ? [] : (spansOf.get(id) ?? [])).map((span) =>
        prefix === '' ? span : { ...span, fhir: `${prefix}${span.fhir}` },
      ),
    ),
  )
}

/** The shape of one entry of a list, as if it were the first: 'identifier[2].value' becomes 'identifier[0].value'. */
export function entryShape(id: string | undefined, element: string, index: number): string | undefined {
  if (id === undefined) return undefined
  const from = `${element}[${index}]`
  return remember(`${id}#${from}`, () =>
    (spansOf.get(id) ?? [])
      .filter((span) => span.fhir.startsWith(from))
      .map((span) => ({ ...span, fhir: `${element}[0]${span.fhir.slice(from.length)}` })),
  )
}

function remember(key: string, make: () => readonly Span[]): string | undefined {
  const known = derivedShapes.get(key)
  if (known === '') return undefined
  if (known !== undefined && spansOf.get(known)) return known
  const id = shapeId(make())
  derivedShapes.set(key, id ?? '')
  return id
}
