// What differs between two sets of resources, both in the order of type and id: which, and in which elements.
import { readObject, type StoredText } from './digest.ts'
import { canonicalJson } from './json.ts'

export interface Difference {
  /** 'Patient/x'. */
  readonly key: string
  /** Where it is; 'both' when the two differ. */
  readonly where: 'both' | 'first' | 'second'
  /** Elements that differ. */
  readonly elements: readonly string[]
}

/** The server's own: no two stores have the same. */
const ignored: ReadonlySet<string> = new Set(['id'])

export async function* differencesOf(
  first: AsyncIterable<StoredText>,
  second: AsyncIterable<StoredText>,
): AsyncIterable<Difference> {
  const [left, right] = [first[Symbol.asyncIterator](), second[Symbol.asyncIterator]()]
  let [a, b] = [await left.next(), await right.next()]
  while (!a.done || !b.done) {
    const order = compare(a.done ? undefined : a.value, b.done ? undefined : b.value)
    if (order < 0 && !a.done) yield { key: keyOf(a.value), where: 'first', elements: [] }
    else if (order > 0 && !b.done) yield { key: keyOf(b.value), where: 'second', elements: [] }
    else if (!a.done && !b.done) {
      const elements = elementsThatDiffer(a.value.body, b.value.body)
      if (elements.length > 0) yield { key: keyOf(a.value), where: 'both', elements }
    }
    if (order <= 0) a = await left.next()
    if (order >= 0) b = await right.next()
  }
}

const keyOf = ({ rtype, id }: StoredText): string => `${rtype}/${id}`

/** As the store orders them: by type, then by id; what has ended comes last. */
function compare(a: StoredText | undefined, b: StoredText | undefined): number {
  if (!a) return 1
  if (!b) return -1
  if (a.rtype !== b.rtype) return a.rtype < b.rtype ? -1 : 1
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1
}

function elementsThatDiffer(first: string, second: string): string[] {
  if (first === second) return []
  const [a, b] = [readObject(first), readObject(second)]
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((each) => !ignored.has(each) && canonicalJson(a[each] ?? null) !== canonicalJson(b[each] ?? null))
    .sort()
}
