// Decisions 1 to 16: MSH, MSA, ERR, EVN (mapping-decisions.csv; HL7 v2.9.1 chapter 2).
import { type Decision, pid, pv1 } from './heard.ts'

const start =
  "Encounter.extension('http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedStartDate').value"
const end =
  "Encounter.extension('http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate').value"

export const header: readonly Decision[] = [
  {
    n: 1,
    field: 'MSH-1/2',
    decided: 'the delimiters of the message, four or five',
    shown: [['test/hl7/message.test.ts', 'S6 a fifth character of MSH-2 is the truncation character']],
  },
  {
    n: 2,
    field: 'MSH-3/4',
    decided: 'who sends it: HD.1 of both',
    shown: [
      [
        'test/hl7/header.test.ts',
        'the source is made of the first parts, or of universal ids where those are empty',
      ],
    ],
    departs: 'No MessageHeader and no Device: the source is the informant of the Provenance.',
  },
  {
    n: 3,
    field: 'MSH-7',
    decided: 'without offset it is the time of the sender; its offset holds for the message',
    hears: [
      [
        'ADT^A01',
        'MSH 2=^~\\&;3=ADT1;4=RGH;5=PORTICO;6=RGH;7=20260302080000+0200;9=ADT^A01;10=D;11=P;12=2.8.2',
        pid,
        'PV1 2=I;19=V1^^^RGHVN^VN;44=20260302073000',
      ],
    ],
    gives: { 'Encounter.period.start': '2026-03-02T07:30:00+02:00' },
  },
  {
    n: 4,
    field: 'MSH-10',
    decided: 'the same number with other content is a conflict',
    shown: [['test/pipeline/rules.test.ts', 'the same control id with other content is refused, and kept']],
    departs: 'No Bundle: Provenance.entity names the message by its number.',
  },
  {
    n: 5,
    field: 'MSH-11',
    decided: 'T and D are refused unless the site takes them',
    shown: [
      ['test/hl7/header.test.ts', 'E9 a processing id that is not taken is refused; none is a warning'],
    ],
    departs: 'No tag: what is stored came with the processing ids that the site takes.',
  },
  {
    n: 6,
    field: 'MSH-13/14',
    decided: 'a part of a message that continues elsewhere is never taken for the whole',
    shown: [
      [
        'test/hl7/header.test.ts',
        'G1 a part of a message that continues elsewhere is refused, never taken for the whole',
      ],
    ],
    departs: 'No sequence protocol: order is that of the times, so that it does not depend on arrival.',
  },
  {
    n: 7,
    field: 'MSH-15/16',
    decided: 'enhanced mode: CA, CE, CR, by AL, NE, ER and SU',
    shown: [['test/pipeline/rules.test.ts', 'accept acknowledgements follow MSH-15']],
  },
  {
    n: 8,
    field: 'MSH-18',
    decided: 'the decoder; an unknown name is warned of',
    shown: [['test/pipeline/charset.test.ts', 'X5 an unknown name: AA with a warning that names it']],
    departs: 'An unknown name does not refuse the message: it is read as what its bytes are.',
  },
  {
    n: 9,
    field: 'MSA-1',
    decided: 'AA, AE, AR of acknowledgements of our messages',
    shown: [['test/pipeline/rules.test.ts', 'an acknowledgement is never acknowledged']],
    departs: 'No MessageHeader: whoever sent reads it (test/adapters/mllp/sender.test.ts).',
  },
  {
    n: 10,
    field: 'MSA-2',
    decided: 'MSH-10 of what is answered',
    shown: [['test/hl7/ack.test.ts', 'A5 E3 MSA-2 is MSH-10 as sent, empty when unknown, never invented']],
  },
  {
    n: 11,
    field: 'ERR-2',
    decided: 'segment, sequence, field, repetition, component',
    hears: [['ADT^A01', 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE;7=X', pv1]],
    says: ['E 102 PID^1^7'],
  },
  {
    n: 12,
    field: 'ERR-3',
    decided: 'codes of table 0357',
    hears: [['ADT^A01', 'PID 5=DOE^JANE', pv1]],
    says: ['E 101 PID^1^3'],
  },
  {
    n: 13,
    field: 'ERR-4',
    decided: 'W for a warning, E for an error',
    hears: [['ADT^A31', pid]],
    says: ['W UPSERT PID^1^3'],
  },
  {
    n: 14,
    field: 'EVN-1',
    decided: 'the event where MSH-9.2 is empty',
    shown: [['test/hl7/header.test.ts', 'in 2.1 and 2.2 the event is in EVN-1']],
  },
  {
    n: 15,
    field: 'EVN-3',
    decided: 'planned start (A05, A14, A38), planned end (A16)',
    hears: [['ADT^A05', 'EVN 2=20260302080000;3=20260309083000', pid, pv1]],
    gives: { [start]: '2026-03-09T08:30:00-05:00', [end]: [] },
  },
  {
    n: 15,
    field: 'EVN-3',
    decided: 'planned start (A05, A14, A38), planned end (A16)',
    hears: [
      ['ADT^A01', pid, pv1],
      ['ADT^A16', 'EVN 2=20260302080100;3=20260309083000', pid, pv1],
    ],
    gives: { [end]: '2026-03-09T08:30:00-05:00', [start]: [] },
  },
  {
    n: 15,
    field: 'EVN-3',
    decided: 'PV2-8 counts before it',
    hears: [['ADT^A05', 'EVN 2=20260302080000;3=20260309083000', pid, pv1, 'PV2 8=20260310']],
    gives: { [start]: '2026-03-10' },
  },
  {
    n: 16,
    field: 'EVN-6',
    decided: 'the time of the transition, before EVN-2 and MSH-7',
    hears: [
      ['ADT^A04', 'EVN 2=20260302080000;6=20260302073000', pid, pv1],
      ['ADT^A01', 'EVN 2=20260302080100;6=20260302074500', pid, pv1],
    ],
    gives: {
      'Encounter.period.start': '2026-03-02T07:30:00-06:00',
      'Encounter.statusHistory.period': [
        { start: '2026-03-02T07:30:00-06:00', end: '2026-03-02T07:45:00-06:00' },
      ],
    },
  },
]
