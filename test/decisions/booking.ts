// Decisions 190 to 223: SCH, TQ1, NTE, RGS, AIS, AIG, AIL, AIP, APR (mapping-decisions.csv; HL7 v2.9.1 chapter 10; semantics,
// section 9).
import type { Decision, Messages } from './heard.ts'

const patient = 'PID 3=MRN1^^^RGH^MR;5=DOE^JANE'
const at = '11=^^M30^20260310100000'
/** A new appointment with these fields of SCH, and what comes after the patient. */
const booked = (fields: string, ...more: readonly string[]): Messages => [
  ['SIU^S12', `SCH 2=F1^SCHED1;${at};${fields}`, patient, ...more],
]
const changed = (event: string, fields: string, ...more: readonly string[]): readonly string[] => [
  `SIU^${event}`,
  `SCH 2=F1^SCHED1;${fields}`,
  patient,
  ...more,
]
const ext = (name: string) => `Appointment.ext('${name}').value`
const local = 'urn:portico:local:SCHED1'
const crew = "Appointment.participant.where(actor.reference!='Patient/MRN1')"

export const booking: readonly Decision[] = [
  {
    n: 190,
    field: 'SCH-1',
    decided: 'number of type PLAC with the system of its authority',
    hears: booked('1=P1^DESK'),
    gives: {
      "Appointment.identifier.where(type.coding.code='PLAC').select(system & '|' & value)":
        'urn:oid:2.16.840.1.113883.19.100.5|P1',
    },
  },
  {
    n: 191,
    field: 'SCH-2',
    decided: 'number of type FILL: the key, whatever SCH-1 is',
    hears: [
      ['SIU^S12', `SCH 1=P1^DESK;2=F1^SCHED1;${at}`, patient],
      ['SIU^S15', `SCH 2=F1^SCHED1`, patient],
    ],
    gives: {
      "Appointment.identifier.where(type.coding.code='FILL').select(system & '|' & value)":
        'urn:oid:2.16.840.1.113883.19.100.4|F1',
      'Appointment.status': 'cancelled',
    },
  },
  {
    n: 192,
    field: 'SCH-3',
    decided: 'which of a series',
    hears: booked('3=2'),
    gives: { "Appointment.ext('series').extension('occurrence').value": 2 },
  },
  {
    n: 193,
    field: 'SCH-4',
    decided: 'extension placer-group',
    hears: booked('4=PG1^DESK'),
    gives: { [`${ext('placer-group')}.value`]: 'PG1' },
  },
  {
    n: 194,
    field: 'SCH-5',
    decided: 'the schedule as the sender names it',
    hears: booked('5=SCHED-7'),
    gives: { [ext('schedule')]: 'SCHED-7' },
    departs: 'A Schedule is known by its actor, of whom every busy interval is a Slot.',
  },
  ...(['S15', 'S17', 'S26'] as const).map((event) => ({
    n: 195,
    field: 'SCH-6',
    decided: `${event}: why it does not take place`,
    hears: [['SIU^S12', `SCH 2=F1^SCHED1;${at}`, patient], changed(event, '6=CANCPAT^Patient^L')],
    gives:
      event !== 'S17'
        ? { 'Appointment.cancelationReason.text': 'Patient', [ext('event-reason')]: [] }
        : { 'Appointment.cancelationReason': [], [`${ext('event-reason')}.text`]: 'Patient' },
    departs:
      'cancelationReason stands with the statuses cancelled and noshow alone (FHIR app-4); else the reason is an extension.',
  })),
  {
    n: 196,
    field: 'SCH-7',
    decided: 'reason, also without a system',
    hears: booked('7=CHECKUP^Check-up'),
    gives: {
      'Appointment.reasonCode.codes()': ['v2-0276|CHECKUP', 'http://snomed.info/sct|866149003'],
      'Appointment.appointmentType.codes()': ['v2-0276|CHECKUP', 'http://snomed.info/sct|866149003'],
    },
  },
  {
    n: 196,
    field: 'SCH-7',
    decided: 'a code of the sender is a reason, and no type',
    hears: booked('7=KNEE^Knee^L'),
    gives: { 'Appointment.reasonCode.codes()': `${local}:0276|KNEE`, 'Appointment.appointmentType': [] },
  },
  {
    n: 197,
    field: 'SCH-8',
    decided: 'kept; appointmentType is table 0276 (semantics, section 19)',
    hears: booked('8=Normal^Normal^HL70277'),
    gives: {
      [`${ext('v2-0277')}.codes()`]: 'v2-0277|Normal',
      'Appointment.appointmentType': [],
    },
    departs: 'appointmentType has table 0276 for its preferred binding.',
  },
  ...(
    [
      ['30;10=MIN', 30],
      ['30;10=min', 30],
      ['30;10=minutes', 30],
      ['1;10=H', 60],
      ['1;10=HR', 60],
      ['1800;10=S', 30],
      ['1800;10=SEC', 30],
      ['30', 30],
    ] as const
  ).map(([sent, minutes]) => ({
    n: 198,
    field: 'SCH-9/10',
    decided: `9=${sent} is ${minutes} minutes`,
    hears: [['SIU^S12', `SCH 2=F1^SCHED1;9=${sent};11=^^^20260310100000`, patient]],
    gives: { 'Appointment.minutesDuration': minutes },
  })),
  ...(['M30', 'S1800', 'H0.5'] as const).map((sent) => ({
    n: 199,
    field: 'SCH-11',
    decided: `TQ.3 ${sent}, TQ.4 start`,
    hears: [['SIU^S12', `SCH 2=F1^SCHED1;11=^^${sent}^20260310100000`, patient]],
    gives: {
      'Appointment.start': '2026-03-10T10:00:00-05:00',
      'Appointment.end': '2026-03-10T10:30:00-05:00',
      'Appointment.minutesDuration': 30,
    },
  })),
  {
    n: 199,
    field: 'SCH-11',
    decided: 'TQ.5 end, TQ.6 priority',
    hears: [['SIU^S12', 'SCH 2=F1^SCHED1;11=^^^20260310100000^20260310104500^S', patient]],
    gives: { 'Appointment.end': '2026-03-10T10:45:00-05:00', 'Appointment.priority': 1 },
  },
  {
    n: 200,
    field: 'SCH-12..15',
    decided: 'who asked for it, with telephone, address and place; no participant',
    hears: booked('12=7^A^B;13=^WPN^PH^^1^217^5550131;14=1 A ST;15=3N^1'),
    gives: {
      [`${ext('placer-contact')}.identifier.value`]: '7',
      [`${ext('placer-contact-telecom')}.value`]: '+1 217 5550131',
      [`${ext('placer-contact-address')}.line`]: '1 A ST',
      [`${ext('placer-contact-location')}.reference`]: 'Location/3N-1',
      [`${crew}.actor`]: [],
    },
    departs: 'Who telephones does not attend: an extension of the appointment.',
  },
  {
    n: 201,
    field: 'SCH-16..19',
    decided: 'who booked it',
    hears: booked('16=8^C^D;17=^WPN^PH^^1^217^5550132;18=2 A ST;19=3N^2'),
    gives: {
      [`${ext('filler-contact')}.identifier.value`]: '8',
      [`${ext('filler-contact-telecom')}.value`]: '+1 217 5550132',
      [`${ext('filler-contact-address')}.line`]: '2 A ST',
      [`${ext('filler-contact-location')}.reference`]: 'Location/3N-2',
      [`${crew}.actor`]: [],
    },
    departs: 'Who books does not attend: an extension of the appointment.',
  },
  {
    n: 202,
    field: 'SCH-20..22',
    decided: 'who entered it, in the Provenance and with the appointment; no participant',
    hears: booked('20=9^E^F;21=^WPN^PH^^1^217^5550133;22=3N^3'),
    gives: {
      [`${ext('entered-by')}.identifier.value`]: '9',
      [`${ext('entered-by-telecom')}.value`]: '+1 217 5550133',
      [`${ext('entered-by-location')}.reference`]: 'Location/3N-3',
      [`${crew}.actor`]: [],
    },
    shown: [
      [
        'test/pipeline/clinical.test.ts',
        'SCH-3 and SCH-24 tell which of a series an appointment is, SCH-20 who typed it',
      ],
    ],
  },
  {
    n: 203,
    field: 'SCH-23/24',
    decided: 'the parent of a series, by the filler’s number, else the placer’s',
    hears: booked('23=PP1^DESK;24=PF1^SCHED1'),
    gives: {
      "Appointment.ext('series').extension('parent').value.value": 'PF1',
      [`${ext('placer-parent')}.value`]: 'PP1',
    },
  },
  {
    n: 203,
    field: 'SCH-23/24',
    decided: 'the parent of a series, by the filler’s number, else the placer’s',
    hears: booked('23=PP1^DESK'),
    gives: { "Appointment.ext('series').extension('parent').value.value": 'PP1' },
  },
  ...(
    [
      ['Pending', 'S12', 'pending'],
      ['Waitlist', 'S12', 'waitlist'],
      ['Booked', 'S12', 'booked'],
      ['BOOKED', 'S12', 'booked'],
      ['Overbook', 'S12', 'booked'],
      ['Cancelled', 'S15', 'cancelled'],
      ['Discontinued', 'S16', 'cancelled'],
      ['Dc', 'S16', 'cancelled'],
      ['Deleted', 'S17', 'entered-in-error'],
      ['Noshow', 'S26', 'noshow'],
      ['Complete', 'S14', 'fulfilled'],
    ] as const
  ).map(([sent, event, status]) => ({
    n: 204,
    field: 'SCH-25',
    decided: `${sent} with ${event} is ${status}`,
    hears:
      event === 'S12'
        ? [['SIU^S12', `SCH 2=F1^SCHED1;${at};25=${sent}`, patient]]
        : [['SIU^S12', `SCH 2=F1^SCHED1;${at}`, patient], changed(event, `25=${sent}`)],
    gives: { 'Appointment.status': status },
  })),
  {
    n: 204,
    field: 'SCH-25',
    decided: 'Overbook is marked, and kept',
    hears: booked('25=Overbook'),
    gives: { [ext('overbooked')]: true, [ext('filler-status')]: 'Overbook' },
  },
  {
    n: 204,
    field: 'SCH-25',
    decided: 'a word that no table has is held for the site to map',
    hears: booked('25=CONFIRMED'),
    says: ['E CODE-HELD SCH^1^25'],
  },
  {
    n: 205,
    field: 'SCH-26/27',
    decided: 'the order by its number; none is made up',
    hears: booked('26=O1^DESK;27=FO1^SCHED1'),
    gives: {
      'Appointment.basedOn.identifier.value': 'O1',
      'Appointment.supportingInformation.identifier.value': 'FO1',
      'ServiceRequest.id': [],
    },
  },
  {
    n: 206,
    field: 'TQ1-2..14 (SIU)',
    decided: 'start, end, duration, priority, instruction; the rest is kept',
    hears: [
      [
        'SIU^S12',
        'SCH 2=F1^SCHED1',
        'TQ1 1=1;2=1;3=BID;4=0930;5=5^min;6=30^min;7=20260310100000;8=20260310103000;9=S;10=COND;11=Come fasting;12=S;13=2^h;14=3',
        patient,
      ],
    ],
    gives: {
      'Appointment.start': '2026-03-10T10:00:00-05:00',
      'Appointment.end': '2026-03-10T10:30:00-05:00',
      'Appointment.minutesDuration': 30,
      'Appointment.priority': 1,
      'Appointment.patientInstruction': 'Come fasting',
      [ext('timing-quantity')]: { value: 1 },
      [ext('repeat-pattern')]: 'BID',
      [ext('explicit-time')]: '09:30:00',
      [`${ext('relative-time')}.value`]: 5,
      [ext('timing-condition')]: 'COND',
      [ext('timing-conjunction')]: 'S',
      [`${ext('occurrence-duration')}.unit`]: 'h',
      [ext('total-occurrences')]: 3,
    },
  },
  {
    n: 207,
    field: 'NTE (SIU)',
    decided: 'comment; PI is an instruction; after a resource a note of the participant',
    hears: [
      [
        'SIU^S12',
        `SCH 2=F1^SCHED1;${at}`,
        'NTE 1=1;3=Bring films',
        'NTE 1=2;3=No food;4=PI',
        patient,
        'RGS 1=1;2=A',
        'AIP 1=1;2=A;3=7^A^B',
        'NTE 1=1;3=Late on Mondays',
        'NTE 1=2;3=Ask first',
      ],
    ],
    gives: {
      'Appointment.comment': 'Bring films',
      'Appointment.patientInstruction': 'No food',
      [`${crew}.ext('participant-note').value`]: ['Late on Mondays', 'Ask first'],
    },
  },
  {
    n: 208,
    field: 'RGS-1/3',
    decided: 'which set a participant is one of',
    hears: booked(
      '25=Booked',
      'RGS 1=1;2=A;3=SET7',
      'AIP 1=1;2=A;3=7^A^B',
      'RGS 1=2;2=A;3=SET8',
      'AIL 1=1;2=A;3=CLN1',
    ),
    gives: {
      [`${crew}.select(actor.reference & ' ' & ext('resource-group-id').value)`]: [
        'Practitioner/7 SET7',
        'Location/CLN1 SET8',
      ],
    },
  },
  {
    n: 209,
    field: 'RGS-2',
    decided: 'D takes the whole set away',
    hears: [
      [
        'SIU^S12',
        `SCH 2=F1^SCHED1;${at}`,
        patient,
        'RGS 1=1;2=A;3=SET7',
        'AIP 1=1;3=7^A^B',
        'RGS 1=2;2=A;3=SET8',
        'AIL 1=1;3=CLN1',
      ],
      changed('S14', at, 'RGS 1=1;2=D;3=SET7', 'AIP 1=1;3=7^A^B'),
    ],
    gives: { [`${crew}.actor.reference`]: 'Location/CLN1' },
  },
  {
    n: 210,
    field: 'AIS-2,AIG-2,AIL-2,AIP-2',
    decided: 'A adds, D takes away, the others stay',
    hears: [
      [
        'SIU^S12',
        `SCH 2=F1^SCHED1;${at}`,
        patient,
        'RGS 1=1;2=A',
        'AIP 1=1;2=A;3=7^A^B',
        'AIL 1=1;2=A;3=CLN1',
      ],
      changed('S14', at, 'RGS 1=1;2=U', 'AIP 1=1;2=D;3=7^A^B', 'AIP 1=2;2=A;3=8^C^D'),
    ],
    gives: { [`${crew}.actor.reference`]: ['Practitioner/8', 'Location/CLN1'] },
  },
  {
    n: 210,
    field: 'AIS-2,AIG-2,AIL-2,AIP-2',
    decided: 'no code at all is the whole set, with a warning',
    hears: [
      ['SIU^S12', `SCH 2=F1^SCHED1;${at}`, patient, 'RGS 1=1', 'AIP 1=1;3=7^A^B', 'AIL 1=1;3=CLN1'],
      changed('S14', at, 'RGS 1=1', 'AIP 1=1;3=8^C^D'),
    ],
    gives: { [`${crew}.actor.reference`]: 'Practitioner/8' },
    says: ['W NO-ACTION-CODE RGS^1^2'],
  },
  {
    n: 211,
    field: 'AIS-3',
    decided: 'services in their order',
    hears: booked('25=Booked', 'RGS 1=1;2=A', 'AIS 1=1;2=A;3=EST15^Visit^L', 'AIS 1=2;2=A;3=ECG^Heart^L'),
    gives: {
      'Appointment.serviceType.coding.code': ['EST15', 'ECG'],
      'Appointment.serviceType.text': ['Visit', 'Heart'],
    },
  },
  {
    n: 212,
    field: 'AIS-4..8',
    decided: 'start and duration where SCH and TQ1 have none',
    hears: [
      [
        'SIU^S12',
        'SCH 2=F1^SCHED1',
        patient,
        'RGS 1=1;2=A',
        'AIS 1=1;2=A;3=EST15^Visit^L;4=20260310100000;7=45;8=MIN',
      ],
    ],
    gives: { 'Appointment.start': '2026-03-10T10:00:00-05:00', 'Appointment.minutesDuration': 45 },
  },
  {
    n: 213,
    field: 'AIS-10',
    decided: 'the status of the service, never that of the appointment',
    hears: booked('25=Booked', 'RGS 1=1;2=A', 'AIS 1=1;2=A;3=EST15^Visit^L;10=Cancelled^^HL70278'),
    gives: {
      'Appointment.status': 'booked',
      "Appointment.serviceType.ext('service-status').value.codes()": 'v2-0278|Cancelled',
    },
  },
  {
    n: 214,
    field: 'AIG-3/4',
    decided: 'a device, or a place where AIG-4 says so',
    hears: booked(
      '25=Booked',
      'RGS 1=1;2=A',
      'AIG 1=1;2=A;3=XR1^X-ray^L;4=EQ^Equipment',
      'AIG 1=2;2=A;3=R7^Room 7^L;4=ROOM',
    ),
    gives: { [`${crew}.actor.reference`]: ['Device/XR1', 'Location/R7'] },
  },
  {
    n: 215,
    field: 'AIG-5/AIL-5/AIP-5',
    decided: 'extension resource-group',
    hears: booked(
      '25=Booked',
      'RGS 1=1;2=A',
      'AIG 1=1;2=A;3=XR1;5=A1',
      'AIL 1=1;2=A;3=CLN1;5=B1',
      'AIP 1=1;2=A;3=7^A^B;5=C1',
    ),
    gives: { [`${crew}.ext('resource-group').value.coding.code`]: ['C1', 'B1', 'A1'] },
  },
  {
    n: 216,
    field: 'AIG-6/7',
    decided: 'how many',
    hears: booked('25=Booked', 'RGS 1=1;2=A', 'AIG 1=1;2=A;3=XR1;6=2;7=each'),
    gives: { [`${crew}.ext('resource-quantity').value`]: { value: 2, unit: 'each' } },
  },
  {
    n: 217,
    field: 'AIL-3',
    decided: 'the finest place',
    hears: booked('25=Booked', 'RGS 1=1;2=A', 'AIL 1=1;2=A;3=CLN^2^A^RGH'),
    gives: { [`${crew}.actor.reference`]: 'Location/CLN-2-A' },
  },
  {
    n: 218,
    field: 'AIL-4',
    decided: 'type of the participant',
    hears: booked('25=Booked', 'RGS 1=1;2=A', 'AIL 1=1;2=A;3=CLN1;4=C^^HL70305'),
    gives: { [`${crew}.type.codes()`]: 'v2-0305|C' },
  },
  {
    n: 219,
    field: 'AIP-3',
    decided: 'the practitioner',
    hears: booked('25=Booked', 'RGS 1=1;2=A', 'AIP 1=1;2=A;3=1234567893^LINDQVIST^ERIK^^^^^^NPI'),
    gives: {
      [`${crew}.actor.reference`]: 'Practitioner/1234567893',
      'Practitioner.identifier.system': 'http://hl7.org/fhir/sid/us-npi',
    },
  },
  ...(
    [
      ['ATND', 'v3-ParticipationType|ATND', []],
      ['PPRF', 'v3-ParticipationType|PPRF', []],
      ['Nurse in charge', [], 'Nurse in charge'],
    ] as const
  ).map(([sent, code, text]) => ({
    n: 220,
    field: 'AIP-4',
    decided: `${sent} is ${text.length === 0 ? String(code) : 'text'}`,
    hears: booked('25=Booked', 'RGS 1=1;2=A', `AIP 1=1;2=A;3=7^A^B;4=${sent}`),
    gives: { [`${crew}.type.codes()`]: code, [`${crew}.type.text`]: text },
  })),
  ...(
    [
      ['NO', 'required'],
      ['YES', 'optional'],
    ] as const
  ).map(([sent, required]) => ({
    n: 221,
    field: 'AI*-9..13',
    decided: `${sent} is ${required}, and kept; of a service it is an extension`,
    hears: booked(
      '25=Booked',
      'RGS 1=1;2=A',
      `AIS 1=1;2=A;3=EST15^Visit^L;9=${sent}^^HL70279`,
      `AIP 1=1;2=A;3=7^A^B;11=${sent}^^HL70279`,
    ),
    gives: {
      [`${crew}.required`]: required,
      [`${crew}.ext('substitution').value.codes()`]: `v2-0279|${sent}`,
      "Appointment.serviceType.ext('substitution').value.codes()": `v2-0279|${sent}`,
    },
  })),
  ...(
    [
      ['Booked', 'accepted'],
      ['Pending', 'tentative'],
      ['Waitlist', 'needs-action'],
      ['Cancelled', 'declined'],
    ] as const
  ).map(([sent, status]) => ({
    n: 222,
    field: 'AI*-14/12',
    decided: `${sent} is ${status}`,
    hears: booked('25=Booked', 'RGS 1=1;2=A', `AIP 1=1;2=A;3=7^A^B;12=${sent}`),
    gives: { [`${crew}.status`]: status },
  })),
  {
    n: 223,
    field: 'APR-*',
    decided: 'residue: preferences belong to requests (SRM), which are not heard',
    hears: booked('25=Booked', 'RGS 1=1;2=A', 'APR 1=PREF'),
    gives: { 'Appointment.requestedPeriod': [] },
    residue: ['APR-1'],
  },
]
