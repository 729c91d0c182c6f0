// Codes that no table has: what of them is stored with a message, and the Task that asks a person to map them.

import type { FhirJson } from '../../canonical/fhir-json.ts'
import type { Draft } from '../../canonical/truth/draft.ts'
import { taskCodeSystem, taskId } from '../../canonical/truth/task.ts'
import type { Mapped } from '../../mappings/mapped.ts'
import type { Transaction } from '../../store/db.ts'
import {
  type HeldWrite,
  type UnmappedRow,
  type UnmappedWrite,
  writeHeld,
  writeUnmapped,
} from '../../store/unmapped.ts'
import type { MessageItem, RuleItem } from '../batch/item.ts'
import { ownRule } from '../client/own-rule.ts'

/** A code that no table has. */
export interface UnmappedCode {
  readonly table: string
  readonly code: string
  /** Position without repetition: 'SCH-25'. */
  readonly position: string
  /** FHIR cannot do without the element: the message is held. */
  readonly required: boolean
}

/** Longest code that is listed, in characters: more is no code. */
const maxCodeCharacters = 100

const none: readonly UnmappedCode[] = []

/** Each code once, although several fields may have it. */
export function unmappedOf({ issues }: Mapped): readonly UnmappedCode[] {
  if (issues.length === 0) return none
  const found = new Map<string, UnmappedCode>()
  for (const { kind, table, value, severity, location } of issues) {
    if (kind !== 'unmapped-code' || table === undefined || value === undefined) continue
    const code = value.slice(0, maxCodeCharacters)
    const key = `${table} ${code}`
    const required = severity === 'E'
    if (found.has(key) && !required) continue
    const [segment = '', , field = ''] = location.split('^')
    found.set(key, { table, code, position: `${segment}-${field}`, required })
  }
  return found.size === 0 ? none : [...found.values()]
}

/** What the messages of a batch say of codes without a table; nothing is written when there are none. */
export class UnmappedToWrite {
  readonly #codes = new Map<string, UnmappedWrite>()
  readonly #held: HeldWrite[] = []

  take(item: MessageItem, id: string): void {
    if (item.unmapped.length === 0) return
    const received = item.stored?.receivedAt ?? item.receivedAt.toISOString()
    for (const { table, code, position, required } of item.unmapped) {
      if (item.held && required)
        this.#held.push({ message_id: id, source: item.source, name: table, code, received_at: received })
      // One that waited has been counted when it came.
      if (item.stored && item.stored.state !== 'received') continue
      const key = `${item.source} ${table} ${code}`
      const known = this.#codes.get(key)
      this.#codes.set(key, {
        source: item.source,
        name: table,
        code,
        required: required || known?.required === true,
        position: known?.position ?? position,
        control_id: known ? known.control_id : item.header?.controlId,
        message_id: known?.message_id ?? id,
        count: (known?.count ?? 0) + 1,
        seen: item.receivedAt.toISOString(),
      })
    }
  }

  get empty(): boolean {
    return this.#codes.size === 0 && this.#held.length === 0
  }

  async flush(tx: Transaction, tenant: number): Promise<void> {
    if (this.empty) return
    // In one order for all writers, so that none waits for another in a circle.
    const codes = [...this.#codes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, code]) => code)
    await Promise.all([writeUnmapped(tx, tenant, codes), writeHeld(tx, tenant, this.#held)])
  }
}

/** Writes the Task of a code: open while no table has it or messages wait for it. `iso` writes an instant. */
export function taskRule(row: UnmappedRow, now: Date, iso: (at: Date) => string): RuleItem {
  const id = taskId('unmapped-code', `${row.source}|${row.name}|${row.code}`)
  const apply = (draft: Draft): void => {
    const data = taskOf(row, iso)
    const before = draft.contribution('Task', id, 'gateway', 'derived')?.data as FhirJson | undefined
    const changed =
      JSON.stringify({ ...before, lastModified: '' }) !== JSON.stringify({ ...data, lastModified: '' })
    if (!before && !row.open) return
    if (changed)
      draft.contribute('Task', id, {
        source: 'gateway',
        key: 'derived',
        i: draft.messageId,
        cells: {},
        data: { ...data, lastModified: iso(now) },
      })
  }
  return ownRule('unmapped-code', [`Task/${id}`], now, apply)
}

/** No value of a patient: the code, where it stood, and the name of one message that had it. */
function taskOf(row: UnmappedRow, iso: (at: Date) => string): FhirJson {
  const { source, name, code, required, position, controlId, count, waiting, open } = row
  const input = (text: string, value: FhirJson) => ({ type: { text }, ...value })
  const wait = required ? 'messages with it are held until then' : 'it is kept as it was sent until then'
  return {
    status: open ? 'requested' : 'completed',
    intent: 'order',
    code: { coding: [{ system: taskCodeSystem, code: 'unmapped-code' }] },
    description: `code "${code}" of ${source} is not in table ${name} (${position}) - add it to the tables of the source or the site; ${wait}`,
    authoredOn: iso(new Date(row.firstSeen)),
    lastModified: '',
    requester: { display: 'Portico' },
    input: [
      input('source', { valueString: source }),
      input('table', { valueString: name }),
      input('code', { valueString: code }),
      input('required', { valueBoolean: required }),
      input('count', { valueInteger: count }),
      input('waiting', { valueInteger: waiting }),
      input('first-seen', { valueDateTime: iso(new Date(row.firstSeen)) }),
      input('last-seen', { valueDateTime: iso(new Date(row.lastSeen)) }),
      input('position', { valueString: position }),
      ...(controlId === null ? [] : [input('example', { valueIdentifier: { value: controlId } })]),
    ],
  }
}
