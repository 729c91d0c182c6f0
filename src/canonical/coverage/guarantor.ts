// GT1: who answers for an account, or in DFT^P11 for one charge (semantics, section 7).
import type { Json, Thing } from '../../mappings/mapped.ts'
import { type Applying, cellAt, derived, referred, resolveHandles, thingsOf } from '../applying.ts'
import { type FhirJson, writePath } from '../fhir-json.ts'
import { referenceTo } from '../masters/actors.ts'
import { saysNone } from '../truth/empty-list.ts'
import { accountOf, isDeletion, isForCharge, named, relatedPerson } from './insurance.ts'

/** GT1: who answers for the account. */
export function applyGuarantors(applying: Applying): void {
  const all = thingsOf(applying, 'Account.guarantor')
  // Of a charge (DFT^P11): the charge names the party.
  for (const part of all.filter(isForCharge)) {
    const party = partyOf(applying, part)
    if (party !== undefined) applying.references.set(`#${part.as}`, party)
  }
  const parts = all.filter((each) => !isForCharge(each))
  const [first] = parts
  const isEmptied = saysNone(applying, 'Account.guarantor') || parts.some(isDeletion)
  const account = first || isEmptied ? accountOf(applying, first) : undefined
  if (!account) {
    // Of the person alone (A28, A31): no element of FHIR holds the list, but whom it names is there.
    for (const part of parts) if (!isDeletion(part)) partyOf(applying, part)
    return
  }
  const { draft, source, times } = applying
  const list: Json[] = []
  for (const part of parts) {
    const reference = isDeletion(part) ? undefined : partyOf(applying, part)
    if (!reference) continue
    const entry: FhirJson = { party: { reference } }
    for (const cell of part.cells) {
      if (!cell.path.startsWith('$') && cell.path !== 'party' && cell.value !== null)
        writePath(entry, cell.path, resolveHandles(applying, cell.value))
    }
    list.push(entry)
  }
  if (list.length === 0 && !isEmptied) return
  draft.assert('Account', account.slice('Account/'.length), source.id, {
    'guarantor<GT1': derived(applying, list.length > 0 ? list : null, times.event),
  })
}

/** Who it is that answers: a relative, an organization, or the patient. */
function partyOf(applying: Applying, part: Thing): string | undefined {
  const patient = referenceTo(applying, part, 'patient') ?? named(applying, 'Patient')
  const person = referred(applying, part, 'party')
  const party =
    person?.type === 'RelatedPerson' && patient
      ? relatedPerson(applying, person, patient)
      : person && applying.references.get(`#${person.as}`)
  return party ?? (cellAt(part, '$self')?.value === true ? patient : undefined)
}
