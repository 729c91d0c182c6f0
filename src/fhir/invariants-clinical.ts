// Invariants of FHIR R4 for requests, forms, lists and clinical types, as invariants.ts has them for the others.
import { child, has, type Invariant, isDistinct, isExactlyOne, objects } from './invariant.ts'
import type { JsonObject } from './types.ts'

/** Any type of a choice, such as `value[x]`. */
function hasChoice(element: JsonObject, name: string): boolean {
  for (const key in element) {
    const plain = key.startsWith('_') ? key.slice(1) : key
    if (plain.length > name.length && plain.startsWith(name) && /^[A-Z]/.test(plain.slice(name.length)))
      if (element[key] !== undefined) return true
  }
  return false
}

function hasAny(...names: readonly string[]): Invariant {
  return (o) => names.some((name) => has(o, name))
}

function notBoth(a: string, b: string): Invariant {
  return (o) => !has(o, a) || !has(o, b)
}

/** True when a CodeableConcept has one of these codes of a system. */
function isCoded(concept: unknown, system: string, ...codes: readonly string[]): boolean {
  const codings = objects(child({ concept }, 'concept').coding)
  return codings.some((coding) => coding.system === system && codes.includes(String(coding.code)))
}

/** The system of these rules is a placeholder in the published definitions: no code of the real one is meant. */
function privacy(code: string): Invariant {
  return (o) => has(o, 'patient') || !isCoded(o.scope, 'something', code)
}

const REQUESTS: Record<string, Invariant> = {
  'apr-1': hasAny('participantType', 'actor'),
  'ces-1': isExactlyOne('category', 'productOrService'),
  'prr-1': (o) => !has(o, 'orderDetail') || has(o, 'code'),
  'ppc-1': hasAny('policy', 'policyRule'),
  'ppc-2': privacy('patient-privacy'),
  'ppc-3': privacy('research'),
  'ppc-4': privacy('adr'),
  'ppc-5': privacy('treatment'),
  'ipn-1': hasAny('identifier', 'name'),
  'sev-1': notBoth('name', 'query'),
}

function linkIds(element: JsonObject, depth = 0): string[] {
  const items = depth > 64 ? [] : objects(element.item)
  return items.flatMap((item) => [String(item.linkId), ...linkIds(item, depth + 1)])
}

const OPTIONS = new Set('choice open-choice decimal integer date dateTime time string quantity'.split(' '))
const MEASURED = new Set(['boolean', 'decimal', 'integer', 'string', 'text', 'url', 'open-choice'])

/** Rules of a display item; any other type is fine. */
function ofDisplay(...names: readonly string[]): Invariant {
  return (o) => o.type !== 'display' || !names.some((name) => has(o, name))
}

const FORMS: Record<string, Invariant> = {
  'que-1': (o) => (o.type !== 'group' || has(o, 'item')) && (o.type !== 'display' || !has(o, 'item')),
  'que-2': (o) => isDistinct(linkIds(o)),
  'que-3': ofDisplay('code'),
  'que-4': notBoth('answerOption', 'answerValueSet'),
  'que-5': (o) => OPTIONS.has(String(o.type)) || (!has(o, 'answerValueSet') && !has(o, 'answerOption')),
  'que-6': ofDisplay('required', 'repeats'),
  'que-7': (o) => o.operator !== 'exists' || o.answerBoolean !== undefined,
  'que-8': (o) => (o.type !== 'group' && o.type !== 'display') || !has(o, 'initial'),
  'que-9': ofDisplay('readOnly'),
  'que-10': (o) => MEASURED.has(String(o.type)) || !has(o, 'maxLength'),
  'que-11': notBoth('answerOption', 'initial'),
  'que-12': (o) => objects(o.enableWhen).length <= 2 || has(o, 'enableBehavior'),
  'que-13': (o) => o.repeats === true || objects(o.initial).length <= 1,
  'qrs-1': notBoth('answer', 'item'),
}

const LISTS: Record<string, Invariant> = {
  'grp-1': (o) => !has(o, 'member') || o.actual === true,
  'lst-1': notBoth('emptyReason', 'entry'),
  'lst-2': (o) => o.mode === 'changes' || !objects(o.entry).some((entry) => has(entry, 'deleted')),
  'lst-3': (o) => o.mode === 'working' || !objects(o.entry).some((entry) => has(entry, 'date')),
}

const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem'
const ALLERGY = `${TERMINOLOGY}/allergyintolerance-verification`
const CONDITION = `${TERMINOLOGY}/condition-ver-status`

/** One and the same coding, element by element. */
function isSameCode(a: unknown, b: unknown): boolean {
  const codings = (concept: unknown) =>
    objects(child({ concept }, 'concept').coding).map((coding) =>
      JSON.stringify(Object.entries(coding).sort(([x], [y]) => (x < y ? -1 : 1))),
    )
  const known = new Set(codings(a))
  return codings(b).some((coding) => known.has(coding))
}

const CLINICAL: Record<string, Invariant> = {
  'con-1': hasAny('summary', 'assessment'),
  'con-2': hasAny('code', 'detail'),
  'con-4': (o) =>
    !hasChoice(o, 'abatement') ||
    isCoded(o.clinicalStatus, `${TERMINOLOGY}/condition-clinical`, 'resolved', 'remission', 'inactive'),
  'con-5': (o) => !has(o, 'clinicalStatus') || !isCoded(o.verificationStatus, CONDITION, 'entered-in-error'),
  'ait-1': (o) => has(o, 'clinicalStatus') || isCoded(o.verificationStatus, ALLERGY, 'entered-in-error'),
  'ait-2': (o) => !has(o, 'clinicalStatus') || !isCoded(o.verificationStatus, ALLERGY, 'entered-in-error'),
  'obs-3': hasAny('low', 'high', 'text'),
  'obs-6': (o) => !has(o, 'dataAbsentReason') || !hasChoice(o, 'value'),
  'obs-7': (o) =>
    !hasChoice(o, 'value') || !objects(o.component).some((component) => isSameCode(o.code, component.code)),
  // Who the member is stands in its reference: nothing is resolved while a resource is checked.
  'ctm-1': (o) => {
    const member = child(o, 'member').reference
    return !has(o, 'onBehalfOf') || typeof member !== 'string' || /(^|\/)Practitioner\/[^/]+/.test(member)
  },
}

const DEFINITIONS: Record<string, Invariant> = {
  'spd-1': (o) => !has(o, 'xpath') || has(o, 'xpathUsage'),
  'spd-2': (o) => !has(o, 'chain') || o.type === 'reference',
  'opd-1': hasAny('type', 'part'),
  'opd-2': (o) => !has(o, 'searchType') || o.type === 'string',
  'opd-3': (o) => !has(o, 'targetProfile') || o.type === 'Reference' || o.type === 'canonical',
  'vsd-1': hasAny('valueSet', 'system'),
  'vsd-2': (o) => (!has(o, 'concept') && !has(o, 'filter')) || has(o, 'system'),
  'vsd-3': notBoth('concept', 'filter'),
  'vsd-6': hasAny('code', 'display'),
  'vsd-9': (o) => has(o, 'code') || o.abstract === true,
  'vsd-10': (o) => !has(o, 'code') || has(o, 'system'),
}

/** Invariant name -> function, for the types of these tables. */
export const CLINICAL_INVARIANTS: Readonly<Record<string, Invariant>> = {
  ...REQUESTS,
  ...FORMS,
  ...LISTS,
  ...CLINICAL,
  ...DEFINITIONS,
}
