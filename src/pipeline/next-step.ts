// What an operator does about a message that is stuck, by its state and by what its sender was told.
import type { Reason } from './gateway.ts'

const byState: Readonly<Record<string, string>> = {
  received: 'nothing: it is applied within a second, after a restart as well',
  parked: 'nothing: it applies itself when the patient or appointment that it names appears',
  held: 'add the code to a table of the source or the site: it applies itself (docs/guide/local-codes.md)',
  failed: 'report it with the lines of the log that have its number; after the update run it again',
}

const inConflict =
  'correct the identifiers at the source, or merge the patients (A40) or move what they share (A43 to A45): it applies itself then'

const byApp: Readonly<Record<string, string>> = {
  'CONTROL-ID-REUSE': 'have the sender give each message a control id of its own, and send this one again',
  'UNKNOWN-SOURCE':
    'add the source to the site file, or have the sender use its own credentials; then have it sent again',
  'ID-CONFLICT': 'correct the identifiers at the source, or merge the patients; then run it again',
  'SAME-ID': 'have the sender name two identifiers',
  'MERGE-CYCLE': 'decide which record survives (Task merge-cycle), undo the other merge, then run it again',
  'LEDGER-CONFLICT': 'ask billing which line is right (Task ledger-conflict)',
  'NOT-FILLER':
    'correct schedules in the site file and run it again, or have it sent to the owner of the schedule',
}

const byCode: Readonly<Record<string, string>> = {
  '100': 'have the sender send one HL7 v2 message, MSH first',
  '101': 'have the sender send the field, or name a defaultAuthority for the source; then run it again',
  '102':
    'have the sender correct the value, or put it right by a repair (docs/guide/repair-a-sender.md) and run it again',
  '103': 'add the code to a table of the source or the site, then run it again',
  '200': 'this message type is not mapped: stop sending it, or ask for a mapping',
  '201': 'this event is not mapped: stop sending it, or map it in the folder of the site and run it again',
  '202': 'have the sender put P, T or D into MSH-11',
  '203': 'put MSH-12 right by a repair (docs/guide/repair-a-sender.md) and run it again',
  '205': 'correct the identifiers at the source, then run it again',
  '207': 'see its text; then run it again',
}

export function nextStepOf(state: string, reasons: readonly Reason[]): string {
  const isConflict = state === 'parked' && reasons.some(({ app }) => app === 'ID-CONFLICT')
  const known = isConflict ? inConflict : byState[state]
  if (known !== undefined) return known
  if (state === 'processed') return 'nothing'
  const error = reasons.find(({ severity }) => severity === 'E')
  const own = error?.app === undefined ? undefined : byApp[error.app]
  return own ?? byCode[error?.code ?? ''] ?? 'see its text; then run it again'
}
