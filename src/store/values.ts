// How values of PostgreSQL reach the program (manual, chapter 8): exact, and never with the zone of a process.
import pg from 'pg'

const oid = { int8: 20, date: 1082, timestamp: 1114, timestamptz: 1184, int8s: 1016 }
type TextParser = (text: string) => unknown

const parsers: Readonly<Record<number, TextParser>> = {
  // As a number while that is exact. What is larger stays text: nobody computes with it by accident.
  [oid.int8]: parseInt8,
  [oid.int8s]: (text) =>
    text === '{}'
      ? []
      : text
          .slice(1, -1)
          .split(',')
          .map((item) => (item === 'NULL' ? null : parseInt8(item))),
  // A Date would lose microseconds and the difference between a day and an instant.
  [oid.date]: (text) => text,
  [oid.timestamp]: (text) => text.replace(' ', 'T'),
  [oid.timestamptz]: (text) => text.replace(' ', 'T').replace(/\+00$/, 'Z'),
}

function parseInt8(text: string): number | string {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

/** For the `types` of a connection. The rest as node-postgres has it: bytea is a Buffer, numeric is text, jsonb is parsed. */
export const types: pg.CustomTypesConfig = {
  getTypeParser(id: number, format?: 'text' | 'binary') {
    const parser = format === 'binary' ? undefined : parsers[id]
    return parser ?? pg.types.getTypeParser(id, format)
  },
}
