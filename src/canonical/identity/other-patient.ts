// A visit or an account under the number of somebody else, and what such a message waits for: two turn out to be one, or
// what they quarrel about is moved (semantics, sections 2, 3 and 8.6).
import type { Thing } from '../../mappings/mapped.ts'
import { type Applying, roleReference } from '../applying.ts'
import { changeOf, Refusal } from '../finding.ts'
import type { Key } from './identity.ts'
import { movedOf, takeEffect } from './moved.ts'

interface Referring {
  readonly reference?: string
}

/**
 * A visit or account number that belongs to somebody else is the road to the wrong record: never followed. The message
 * is kept until both are known to be one, or the thing is moved to whom the message names.
 */
export function refuseOtherPatient(
  applying: Applying,
  rtype: string,
  id: string,
  subject: string,
  key: Key,
  thing: Thing,
): void {
  const { draft } = applying
  const task = { code: 'identity-conflict', key: `${rtype}/${id}|${subject}` }
  const shown = draft.survivorId(rtype, id)
  const body = draft.entity(rtype, shown).body
  const known = body?.subject as Referring | readonly Referring[] | undefined
  const holder = (Array.isArray(known) ? known[0] : known) as Referring | undefined
  draft.settled.push(task)
  if (!holder?.reference || draft.survivor(holder.reference) === draft.survivor(subject)) return
  if (wasMoved(applying, rtype, id, subject, holder.reference, thing)) return
  const { location } = key
  const text = `${rtype === 'Account' ? 'account' : 'visit'} ${key.value} belongs to another patient (${location}) - correct PID-3 or the number, or move it (A43 to A45)`
  const description = `message ${applying.controlId} of ${applying.source.id} names ${key.value} (${thing.segment.name}) for another patient`
  throw new Refusal(
    'AE',
    { code: '205', app: 'ID-CONFLICT', locations: [location], text },
    {
      task: { ...task, description, focus: `${rtype}/${shown}`, patient: draft.survivor(subject) },
      waitsFor: [`${rtype}/${id}`, holder.reference, subject, draft.survivor(subject)].map(changeOf),
    },
  )
}

/** What was said before a move, of the thing or of its account, names the one from whom it was moved. */
function wasMoved(
  applying: Applying,
  rtype: string,
  id: string,
  subject: string,
  holder: string,
  thing: Thing,
): boolean {
  const { draft, times } = applying
  const account = roleReference(applying, thing, 'account')
  const owners = [`${rtype}/${id}`, ...(account === undefined ? [] : [account])]
  return owners.some((owner) => {
    const [type = '', each = ''] = owner.split('/')
    const moved = movedOf(draft, type, each)
    const now = moved && moved.m >= times.message ? moved.to[subject] : undefined
    if (now === undefined || draft.survivor(holder) !== draft.survivor(now)) return false
    takeEffect(draft, type, each)
    return true
  })
}
