// The operations of this server (FHIR R4 operations.html): one row each, from which routes, /metadata and the
// OperationDefinitions are made.
import type { OperationRow } from '../../fhir/definition-resources.ts'
import type { Permission } from '../auth.ts'
import { groupExport, patientExport, systemExport } from '../bulk/kick-off.ts'
import type { Handler } from './ask.ts'
import { lookup, subsumes, validateSystemCode } from './code-system.ts'
import { translateConcept } from './concept-map.ts'
import { docref } from './docref.ts'
import { everything } from './everything.ts'
import { lineage } from './lineage.ts'
import { matchExclusions, mergePatients, unmergePatient } from './merge.ts'
import { addMeta, deleteMeta, meta } from './meta.ts'
import { expand, validateCode } from './terminology.ts'
import { validate } from './validate.ts'

export interface Operation extends OperationRow {
  readonly methods: readonly ('GET' | 'POST')[]
  /** Letters of the scope that the client must have on the type. */
  readonly needed: readonly Permission[]
  readonly handler: Handler
}

const HL7 = 'http://hl7.org/fhir/OperationDefinition'
const BULK = 'http://hl7.org/fhir/uv/bulkdata/OperationDefinition'
const US_CORE = 'http://hl7.org/fhir/us/core/OperationDefinition'
const OWN = 'http://portico.example.org/OperationDefinition'

const row = (name: string, handler: Handler, rest: Partial<Operation>): Operation => ({
  name,
  handler,
  definition: `${OWN}/${name}`,
  description: '',
  level: 'type',
  types: [],
  parameters: {},
  affectsState: false,
  methods: ['GET', 'POST'],
  needed: [],
  ...rest,
})

const exported: OperationRow['parameters'] = {
  _outputFormat: 'string',
  _since: 'instant',
  _until: 'instant',
  '_type*': 'string',
  '_typeFilter*': 'string',
  '_elements*': 'string',
}

/** A code, in every way that it can be sent. */
const coded = {
  code: 'code',
  system: 'uri',
  display: 'string',
  coding: 'Coding',
  codeableConcept: 'CodeableConcept',
}

export const OPERATIONS: readonly Operation[] = [
  row('export', systemExport, {
    definition: `${BULK}/export`,
    description: 'All resources, or those of some types, as files of NDJSON; answered later',
    level: 'system',
    parameters: exported,
  }),
  row('export', patientExport, {
    definition: `${BULK}/patient-export`,
    description: 'What belongs to patients, and what that refers to, as files of NDJSON; answered later',
    types: ['Patient'],
    parameters: { ...exported, 'patient*': 'Reference' },
  }),
  row('export', groupExport, {
    definition: `${BULK}/group-export`,
    description: 'What belongs to the patients of a Group, as files of NDJSON; answered later',
    level: 'instance',
    types: ['Group'],
    parameters: { ...exported, 'patient*': 'Reference' },
  }),
  row('validate', validate, {
    definition: `${HL7}/Resource-validate`,
    description: 'What a write would be told, without writing',
    level: 'both',
    parameters: { resource: 'Resource', mode: 'code', 'profile*': 'canonical' },
  }),
  row('lineage', lineage, {
    description: 'Who said what of each element, when, by which field and row, and who won',
    level: 'instance',
    parameters: { path: 'string' },
    methods: ['GET'],
    needed: ['r'],
  }),
  row('meta', meta, {
    definition: `${HL7}/Resource-meta`,
    description: 'Version, time, profiles and labels of a resource',
    level: 'instance',
    needed: ['r'],
  }),
  row('meta-add', addMeta, {
    definition: `${HL7}/Resource-meta-add`,
    description: 'Adds profiles, tags and labels to a resource; nothing else of it changes',
    level: 'instance',
    parameters: { meta: 'Meta' },
    affectsState: true,
    methods: ['POST'],
    needed: ['u'],
  }),
  row('meta-delete', deleteMeta, {
    definition: `${HL7}/Resource-meta-delete`,
    description:
      'Takes profiles, tags and labels away that clients gave to a resource; nothing else of it changes',
    level: 'instance',
    parameters: { meta: 'Meta' },
    affectsState: true,
    methods: ['POST'],
    needed: ['u'],
  }),
  row('everything', everything, {
    definition: `${HL7}/Patient-everything`,
    description: 'The patient, all that belongs to it, and what that refers to; paged',
    level: 'instance',
    types: ['Patient'],
    parameters: { start: 'date', end: 'date', _since: 'instant', '_type*': 'code', _count: 'integer' },
    needed: ['r'],
  }),
  row('docref', docref, {
    definition: `${US_CORE}/docref`,
    description:
      'The documents of a patient that are kept here, of a time of care, or current ones; none is made on demand',
    types: ['DocumentReference'],
    parameters: {
      patient: 'id',
      start: 'dateTime',
      end: 'dateTime',
      'type*': 'Coding',
      'on-demand': 'boolean',
      'profile*': 'canonical',
    },
    needed: ['s'],
  }),
  row('everything', everything, {
    definition: `${HL7}/Encounter-everything`,
    description: 'The visit, all that belongs to it, and what that refers to; paged',
    level: 'instance',
    types: ['Encounter'],
    parameters: { _since: 'instant', '_type*': 'code', _count: 'integer' },
    needed: ['r'],
  }),
  row('merge', mergePatients, {
    description: 'Two records of one person become one: the values of the target win, all references follow',
    types: ['Patient'],
    parameters: { 'source-patient': 'Reference', 'target-patient': 'Reference' },
    affectsState: true,
    methods: ['POST'],
    needed: ['u'],
  }),
  row('unmerge', unmergePatient, {
    description:
      'Undoes a merge: everything shows again what it showed, and the two are never suggested as one again',
    level: 'instance',
    types: ['Patient'],
    parameters: { merge: 'Reference', reason: 'string', onConflict: 'code' },
    affectsState: true,
    methods: ['POST'],
    needed: ['u'],
  }),
  row('match-exclusions', matchExclusions, {
    description: 'Who is known not to be this person',
    level: 'instance',
    types: ['Patient'],
    methods: ['GET'],
    needed: ['r'],
  }),
  row('expand', expand, {
    definition: `${HL7}/ValueSet-expand`,
    description:
      'The codes of a value set that elements of the types here are bound to, of one of a package, or of one that is sent',
    level: 'both',
    types: ['ValueSet'],
    parameters: { url: 'uri', valueSet: 'ValueSet', filter: 'string', offset: 'integer', count: 'integer' },
  }),
  row('validate-code', validateCode, {
    definition: `${HL7}/ValueSet-validate-code`,
    description: 'Whether a code is one of a value set',
    level: 'both',
    types: ['ValueSet'],
    parameters: { url: 'uri', valueSet: 'ValueSet', ...coded },
  }),
  row('lookup', lookup, {
    definition: `${HL7}/CodeSystem-lookup`,
    description: 'What a code of a code system means, and what stands above and below it',
    level: 'both',
    types: ['CodeSystem'],
    parameters: { code: 'code', system: 'uri', coding: 'Coding', property: 'code' },
  }),
  row('validate-code', validateSystemCode, {
    definition: `${HL7}/CodeSystem-validate-code`,
    description: 'Whether a code is one of a code system',
    level: 'both',
    types: ['CodeSystem'],
    parameters: { url: 'uri', ...coded },
  }),
  row('subsumes', subsumes, {
    definition: `${HL7}/CodeSystem-subsumes`,
    description: 'How two codes of a code system stand to each other',
    types: ['CodeSystem'],
    parameters: { codeA: 'code', codeB: 'code', system: 'uri', codingA: 'Coding', codingB: 'Coding' },
  }),
  row('translate', translateConcept, {
    definition: `${HL7}/ConceptMap-translate`,
    description: 'What the tables by which messages are read make of a code, or what they make a code of',
    level: 'both',
    types: ['ConceptMap'],
    parameters: {
      url: 'uri',
      code: 'code',
      system: 'uri',
      coding: 'Coding',
      codeableConcept: 'CodeableConcept',
      target: 'uri',
      targetsystem: 'uri',
      reverse: 'boolean',
    },
  }),
]
