// What still comes for a number that was merged away or changed: whose it is now, and who is told (semantics, section 3).
import { type Applying, warn } from '../applying.ts'
import { type Numbers, numbersKey } from '../person/patient-family.ts'
import type { Draft } from '../truth/draft.ts'
import { rootOf } from '../truth/family.ts'
import type { Identifier } from './identifier.ts'

interface Retired {
  /** As which it is shown. */
  readonly id: string
  /** The record of what was merged into that. */
  readonly root: string
}

/** What a retired number means now; undefined for one that is in use. */
export function retiredAs(
  draft: Draft,
  rtype: string,
  record: string,
  isNumber: (each: Identifier) => boolean,
): Retired | undefined {
  const root = rootOf(draft, rtype, record)
  const numbers = draft.contribution(rtype, root, 'gateway', numbersKey)?.data as Numbers | undefined
  const id = draft.survivorId(rtype, root)
  return id === root && !numbers?.retired.some(isNumber) ? undefined : { id, root }
}

/** A visit that goes on under another number (A06 and A07 with MRG-5) shows the one before as an old one. */
export function renumbered(
  draft: Draft,
  rtype: string,
  record: string,
  isNumber: (each: Identifier) => boolean,
): Retired | undefined {
  if (rtype !== 'Encounter') return undefined
  const id = draft.survivorId(rtype, record)
  const shown = (draft.entity(rtype, id).body?.identifier ?? []) as readonly Identifier[]
  return shown.some((each) => each.use === 'old' && isNumber(each)) ? { id, root: record } : undefined
}

interface Numbered {
  readonly system: string
  readonly value: string
  /** 'PID^1^3' */
  readonly location: string
}

/** A warning for the sender, and a Task for each such number. */
export function tellRetired(applying: Applying, rtype: string, { id }: Retired, key: Numbered): void {
  const { draft } = applying
  const { body } = draft.entity(rtype, id)
  const current = body?.identifier as readonly Identifier[] | undefined
  const survivor = current?.find((each) => each.system === key.system && each.use !== 'old')?.value ?? id
  const text = `${key.value} was merged into ${survivor} - applied to ${survivor}, use it from now on`
  warn(applying, 'RETIRED-ID', [key.location], text)
  const patient = rtype === 'Patient' ? `Patient/${id}` : holderOf(body?.subject)
  draft.tasks.push({
    code: 'late-on-retired-id',
    key: `${key.system}|${key.value}`,
    description: `message ${applying.controlId} of ${applying.source.id} still uses ${key.value}, merged into ${survivor}`,
    focus: `${rtype}/${id}`,
    ...(patient !== undefined && { patient }),
  })
}

/** Whose account or visit it is. */
function holderOf(subject: unknown): string | undefined {
  const [holder] = (Array.isArray(subject) ? subject : [subject]) as readonly (
    | { readonly reference?: string }
    | undefined
  )[]
  return holder?.reference
}
