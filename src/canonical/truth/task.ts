// Work for people: one Task per (code, key), opened once and closed when its cause is gone (FHIR R4 Task).

import type { Json } from '../../mappings/mapped.ts'
import type { FhirJson } from '../fhir-json.ts'
import type { TaskRequest } from '../finding.ts'
import { stableId } from '../identity/identifier.ts'
import type { Draft } from './draft.ts'

export const taskCodeSystem = 'http://portico.example.org/CodeSystem/task-code'

export const taskId = (code: string, key: string): string => stableId('Task', code, key)
/** Key of a task about a pair of patients, whichever is named first. */
export const pairKey = (a: string, b: string): string => [a, b].sort().join('|')

/** Two records that may be one person: what somebody has to decide. `a` and `b` are ids of Patients. */
export function duplicateTask(a: string, b: string, grade: string, description: string): TaskRequest {
  const references = [`Patient/${a}`, `Patient/${b}`].sort()
  return {
    code: 'possible-duplicate',
    key: pairKey(a, b),
    description,
    ...(references[0] ? { focus: references[0], patient: references[0] } : {}),
    inputs: [
      { type: 'match-grade', value: { valueCode: grade } },
      ...references.map((reference) => ({ type: 'patient', value: { valueReference: { reference } } })),
    ],
  }
}

/** Opens the tasks of a draft that are not open yet. `authoredOn` is ISO 8601 with offset. */
export function openTasks(draft: Draft, requests: readonly TaskRequest[], authoredOn: string): void {
  for (const request of requests) {
    const id = taskId(request.code, request.key)
    if (draft.contribution('Task', id, 'gateway', 'derived')) continue
    const data: FhirJson = {
      ...(request.contained ? { contained: request.contained } : {}),
      status: 'requested',
      intent: 'order',
      code: { coding: [{ system: taskCodeSystem, code: request.code }] },
      description: request.description,
      ...(request.focus ? { focus: { reference: request.focus } } : {}),
      ...(request.patient ? { for: { reference: request.patient } } : {}),
      authoredOn,
      lastModified: authoredOn,
      requester: { display: 'Portico' },
      ...(request.inputs && request.inputs.length > 0
        ? { input: request.inputs.map(({ type, value }) => ({ type: { text: type }, ...value })) as Json }
        : {}),
    }
    draft.contribute('Task', id, { source: 'gateway', key: 'derived', i: draft.messageId, cells: {}, data })
  }
}

/** Messages need not be applied in the order of their receipt: a task is never changed before it was opened. */
function modifiedAt(draft: Draft, id: string, at: { t: number; iso: string }): string {
  const { authoredOn } = (draft.contribution('Task', id, 'gateway', 'derived')?.data ?? {}) as FhirJson
  return typeof authoredOn === 'string' && Date.parse(authoredOn) > at.t ? authoredOn : at.iso
}

/** Completes a task, if there is one. */
export function completeTask(draft: Draft, code: string, key: string, at: { t: number; iso: string }): void {
  const id = taskId(code, key)
  if (!draft.contribution('Task', id, 'gateway', 'derived')) return
  const say = (v: Json) => ({ v, t: at.t, m: at.t, i: draft.messageId })
  draft.assert('Task', id, 'gateway', {
    'status<gateway': say('completed'),
    'lastModified<gateway': say(modifiedAt(draft, id, at)),
  })
}

/** A task that was completed because its cause had gone is open again when the cause is back. */
export function reopenTask(draft: Draft, code: string, key: string, at: { t: number; iso: string }): void {
  const id = taskId(code, key)
  const status = draft.contribution('Task', id, 'gateway')?.cells['status<gateway']
  if (status?.v !== 'completed') return
  const say = (v: Json) => ({ v, t: Math.max(at.t, status.t + 1), m: at.t, i: draft.messageId })
  draft.assert('Task', id, 'gateway', {
    'status<gateway': say('requested'),
    'lastModified<gateway': say(modifiedAt(draft, id, at)),
  })
}
