// The questions of a front office, each about somebody else than the one before, and the bare statements that answer them.

import type { Chance } from '../../src/generate/chance.ts'
import { days, familyOf, firstDayOf, patientsPerPractitioner, systems } from './population.ts'

/** One request, and the least that SQL has to do for the same rows. */
export interface Question {
  readonly path: string
  readonly values: readonly unknown[]
}

export interface Kind {
  readonly sql: string
  readonly ask: (pick: Chance, patients: number) => Question
}

const page = 50
const bodies = 'select r.id, r.version, r.updated_at, r.body::text'

const msPerDay = 86_400_000
const mrnOf = (patient: number): string => String(1_000_000 + patient)

/** Half of the second name, or all but a letter of the only one: a handful of families, whatever the size. */
const prefixOf = (patient: number): string => {
  const family = familyOf(patient).toLowerCase()
  const dash = family.indexOf('-')
  return dash < 0 ? family.slice(0, -1) : family.slice(0, dash + 4)
}

export const kinds: Readonly<Record<string, Kind>> = {
  'read of a patient': {
    sql: `${bodies} from resource r where r.tenant = 1 and r.rtype = 'Patient' and r.id = $1`,
    ask: (pick, patients) => {
      const id = `p${pick.below(patients)}`
      return { path: `Patient/${id}`, values: [id] }
    },
  },
  'search by identifier': {
    sql: `${bodies} from identifier i join resource r on r.tenant = 1 and r.rtype = 'Patient' and r.id = i.id
where i.tenant = 1 and i.rtype = 'Patient' and i.param = 'identifier' and i.value = $1 and i.system = $2
and not r.deleted order by r.id limit ${page}`,
    ask: (pick, patients) => {
      const mrn = mrnOf(pick.below(patients))
      return { path: `Patient?identifier=${systems.mrn}|${mrn}`, values: [mrn, systems.mrn] }
    },
  },
  'search by beginning of the name': {
    sql: `${bodies}, count(*) over () from string s join resource r on r.tenant = 1 and r.rtype = 'Patient' and r.id = s.id
where s.tenant = 1 and s.rtype = 'Patient' and s.param = 'family' and s.norm >= $1 and s.norm < $2
and not r.deleted order by r.id limit ${page}`,
    ask: (pick, patients) => {
      const begin = prefixOf(pick.below(patients)).replace('-', ' ')
      return {
        path: `Patient?family=${encodeURIComponent(begin)}`,
        values: [begin, `${begin}\u{10FFFF}`],
      }
    },
  },
  "search for a practitioner's day": {
    sql: `${bodies} from reference f
join date d on d.tenant = 1 and d.rtype = 'Appointment' and d.param = 'date' and d.id = f.id
join resource r on r.tenant = 1 and r.rtype = 'Appointment' and r.id = f.id
where f.tenant = 1 and f.target = $1 and f.rtype = 'Appointment' and f.param = 'practitioner'
and d.low >= $2 and d.low < $3 and not r.deleted order by r.id limit ${page}`,
    ask: (pick, patients) => {
      const number = pick.below(Math.ceil(patients / patientsPerPractitioner))
      const doctor = `Practitioner/d${number}`
      const dayMs = firstDayOf(number) + pick.below(days) * msPerDay
      const [day, next] = [dayMs, dayMs + msPerDay].map((ms) => new Date(ms).toISOString().slice(0, 10))
      return {
        path: `Appointment?practitioner=${doctor}&date=${day}`,
        values: [doctor, `${day}T05:00:00Z`, `${next}T05:00:00Z`],
      }
    },
  },
  'search by patient.identifier (chained)': {
    sql: `${bodies} from identifier i
join reference f on f.tenant = 1 and f.target = 'Patient/' || i.id and f.rtype = 'Appointment' and f.param = 'patient'
join resource r on r.tenant = 1 and r.rtype = 'Appointment' and r.id = f.id
where i.tenant = 1 and i.rtype = 'Patient' and i.param = 'identifier' and i.value = $1 and i.system = $2
and not r.deleted order by r.id limit ${page}`,
    ask: (pick, patients) => {
      const mrn = mrnOf(pick.below(patients))
      return { path: `Appointment?patient.identifier=${systems.mrn}|${mrn}`, values: [mrn, systems.mrn] }
    },
  },
}

/** Walks that go far: of everything, and of what many match. Each page has so few that its cost is that of finding it. */
export const walks: Readonly<Record<string, string>> = {
  'all appointments': 'Appointment?_total=none&_count=5',
  'newest appointments': 'Appointment?_sort=-_lastUpdated&_total=none&_count=5',
  'patients of a name': 'Patient?family=bara&_sort=birthdate&_count=5',
  "a practitioner's appointments by time": 'Appointment?practitioner=Practitioner/d7&_sort=date&_count=3',
}
