// Messages in every order of arrival: makers of messages with their minute of the day, and what is shown in the end without ids.
import assert from 'node:assert/strict'
import type { Answer, TestGateway } from './gateway.ts'
import { allShown, timeAt } from './merging.ts'
import { account, mrn, msh, pid, segment, visit } from './messages.ts'

/** All that is shown but ids: a patient is called by its numbers, everything else by what it says. */
async function truth(gateway: TestGateway): Promise<string[]> {
  const all = await allShown(gateway)
  const names = new Map(
    all.map((each) => [
      `${String(each.resourceType)}/${each.id}`,
      `${String(each.resourceType)}(${((each.identifier ?? []) as { value: string }[])
        .map(({ value }) => value)
        .sort()
        .join('+')}${each.active === false ? ' gone' : ''})`,
    ]),
  )
  const named = (text: string): string =>
    text.replace(/"reference":"([^"]+)"/g, (_, each: string) => `"reference":"${names.get(each) ?? each}"`)
  return all
    .map(({ id: _, ...body }) => named(JSON.stringify(body)).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '#'))
    .sort()
}

type Message = readonly string[]
let run = 0

/** One message: event, minute of the day, source, segments. Control ids are made anew for each run. */
export const message =
  (event: string, minute: number, source: string, ...segments: readonly string[]) =>
  (id: string): Message => {
    const time = timeAt(minute)
    return [
      msh({ event, time, source, id }),
      ...(event.startsWith('SIU') ? [] : [`EVN||${time}`]),
      ...segments,
    ]
  }

export type Maker = ReturnType<typeof message>

export async function hear(
  gateway: TestGateway,
  list: readonly Maker[],
): Promise<{ answers: Answer[]; state: string[] }> {
  await gateway.engine.reset()
  run++
  const answers: Answer[] = []
  for (const [i, make] of list.entries()) answers.push(await gateway.send(...make(`R${run}-${i}`)))
  await gateway.idle()
  assert.deepEqual(gateway.faults, [])
  return { answers, state: await truth(gateway) }
}

function orders<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((each, i) =>
    orders([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [each, ...rest]),
  )
}

export async function sameInEveryOrder(gateway: TestGateway, list: readonly Maker[]): Promise<string[]> {
  const { answers, state } = await hear(gateway, list)
  assert.ok(
    answers.every((each) => each.code === 'AA'),
    answers.map((each) => each.text).join('\n'),
  )
  for (const order of orders(list)) {
    const places = order.map((each) => list.indexOf(each)).join()
    assert.deepEqual((await hear(gateway, order)).state, state, `arrived as ${places}`)
  }
  return state
}

export const admit = (
  value: string,
  minute: number,
  more: Readonly<Record<number, string>> = {},
  event = 'A01',
) =>
  message(
    `ADT^${event}^ADT_A01`,
    minute,
    'ADT1|GHH',
    pid({
      3: mrn(value),
      5: `DOE^${value}^^^^^L`,
      7: '19800101',
      8: 'F',
      18: account(`A-${value}`),
      ...more,
    }),
    segment('PV1', { 1: '1', 2: 'I', 3: '3N^301^^GHH', 19: visit(`V-${value}`) }),
  )
export const person = (
  source: string,
  identifiers: string,
  minute: number,
  more: Readonly<Record<number, string>> = {},
) =>
  message(
    'ADT^A31^ADT_A05',
    minute,
    source,
    pid({ 3: identifiers, 5: 'DOE^JANE^^^^^L', 8: 'F', ...more }),
    'PV1|1|N',
  )
export const joined = (
  event: string,
  target: string,
  prior: Readonly<Record<number, string>>,
  minute: number,
  more: readonly string[] = [],
  right: Readonly<Record<number, string>> = {},
) =>
  message(
    `ADT^${event}`,
    minute,
    'ADT1|GHH',
    segment('PID', { 1: '1', 3: mrn(target), 5: 'DOE^JANE^^^^^L', ...right }),
    segment('MRG', prior),
    ...more,
  )

export const count = (state: readonly string[], ...parts: readonly string[]): number =>
  state.filter((each) => parts.every((part) => each.includes(part))).length
