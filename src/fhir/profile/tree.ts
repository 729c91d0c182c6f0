// The elements of a profile as a tree, made from ids such as Observation.component:systolic.value[x]. A differential is laid
// over the tree of its base; what the base of R4 itself says is in ../definitions.ts and needs no tree.
import type { ElementRules, Structure } from './structure.ts'

/** One element: what the profile says of it, of its children and of its slices. */
export interface ElementTree {
  rules: ElementRules
  /** By name, without [x]. */
  readonly children: Map<string, ElementTree>
  /** By slice name. A slice of a slice stands in that one. */
  readonly slices: Map<string, ElementTree>
}

const bare = (): ElementTree => ({ rules: {}, children: new Map(), slices: new Map() })

function copyTree({ rules, children, slices }: ElementTree): ElementTree {
  const copied = (map: Map<string, ElementTree>) =>
    new Map([...map].map(([name, each]) => [name, copyTree(each)]))
  return { rules, children: copied(children), slices: copied(slices) }
}

function under(map: Map<string, ElementTree>, name: string): ElementTree {
  const known = map.get(name)
  if (known) return known
  const fresh = bare()
  map.set(name, fresh)
  return fresh
}

const maxDepth = 40

/** Constraints and types of the base stay unless the element says something of them. */
function overlaid(below: ElementRules, over: ElementRules): ElementRules {
  const constraints = [...(below.constraints ?? []), ...(over.constraints ?? [])]
  const unique = constraints.filter(
    ({ key }, at) => constraints.findLastIndex((each) => each.key === key) === at,
  )
  return { ...below, ...over, ...(unique.length > 0 && { constraints: unique }) }
}

/** The tree of a structure over that of its base (undefined for a type of R4). */
export function treeOf({ elements, type }: Structure, base: ElementTree | undefined): ElementTree {
  const root = base ? copyTree(base) : bare()
  for (const { id, rules } of elements) {
    const [first = '', ...segments] = id.split('.')
    if (first.split(':')[0] !== type) throw new Error(`its element ${id} is not of ${type} - correct its id`)
    if (segments.length > maxDepth) throw new Error(`its element ${id} is nested deeper than ${maxDepth}`)
    let at = root
    for (const segment of segments) {
      const colon = segment.indexOf(':')
      const name = (colon < 0 ? segment : segment.slice(0, colon)).replace(/\[x\]$/, '')
      at = under(at.children, name)
      const slices = colon < 0 ? [] : segment.slice(colon + 1).split('/')
      for (const slice of slices) at = under(at.slices, slice)
    }
    at.rules = overlaid(at.rules, rules)
  }
  return root
}
