// Types that a profile leaves for what a Reference points to (ElementDefinition.type.targetProfile).
import type { ElementRow } from '../definitions.ts'
import { resolveNode } from '../fhirpath/node.ts'
import { isObject } from '../types.ts'
import type { Compiling } from './compile.ts'
import { type ItemCheck, report } from './run.ts'
import type { TypeChoice } from './structure.ts'

const R4 = 'http://hl7.org/fhir/StructureDefinition/'

/** The type that a profile is of; undefined when it is not loaded. */
export function typeOfProfile(url: string, { treeOf }: Compiling): string | undefined {
  const plain = url.split('|')[0] ?? ''
  return (
    treeOf(plain)?.type ??
    (/^[A-Z][A-Za-z]+$/.test(plain.slice(R4.length)) && plain.startsWith(R4)
      ? plain.slice(R4.length)
      : undefined)
  )
}

export function compileReference(
  types: readonly TypeChoice[],
  row: ElementRow | undefined,
  compiling: Compiling,
): readonly ItemCheck[] {
  const targets = types.filter(({ code }) => code === 'Reference').flatMap((each) => each.targets)
  if (targets.length === 0) return []
  const found = targets.map((url) => typeOfProfile(url, compiling))
  // A profile that is not loaded may be of any type.
  if (found.includes(undefined) || found.includes('Resource')) return []
  const allowed = new Set(found.flatMap((each) => each ?? []))
  const base = row?.targets
  if (base?.every((each) => allowed.has(each))) return []
  const { label } = compiling
  return [
    (item, run) => {
      if (!isObject(item.value)) return
      const { type } = item.value
      const target = resolveNode(item, run)?.type ?? (typeof type === 'string' ? type : undefined)
      if (target === undefined || allowed.has(target)) return
      const names = [...allowed].join(' or ')
      report(run, 'reference', 'value', `must point to ${names} by ${label} - correct the reference`)
    },
  ]
}
