// (a) Parsing and twelve reads, beside the npm package hl7v2; (b) parsing and mapping, with and without lineage.
import { HL7Message } from 'hl7v2'
import { authorityResolver } from '../../src/canonical/identity/authority.ts'
import type { Site } from '../../src/canonical/site.ts'
import { readHeader } from '../../src/hl7/header.ts'
import { type Message, parseMessage } from '../../src/hl7/message.ts'
import { type MapSet, mapMessage } from '../../src/mappings/engine/compile.ts'
import { readSite, sourceOf } from '../../src/pipeline/site/site.ts'
import { loadSiteMaps } from '../../src/pipeline/site/site-maps.ts'
import { siteFile } from './gateway.ts'
import type { Report } from './report.ts'
import { Traffic } from './traffic.ts'

const patients = 500
const sampleMessages = 2_000

/** Messages of the mix, registrations in their share. */
function sample(): string[] {
  const traffic = new Traffic({ seed: 2, patients, shard: 0, shards: 1 })
  for (let i = 0; i < patients * 0.96; i++) traffic.next()
  return Array.from({ length: sampleMessages }, () => traffic.next())
}

/** What an interface engine looks at to route a message. Components that a message lacks are read as well. */
const reads = [
  ['MSH', 7, 1, 1],
  ['MSH', 9, 1, 1],
  ['MSH', 9, 1, 2],
  ['MSH', 10, 1, 1],
  ['MSH', 12, 1, 1],
  ['PID', 3, 1, 1],
  ['PID', 3, 1, 5],
  ['PID', 5, 1, 1],
  ['PID', 5, 1, 2],
  ['PID', 7, 1, 1],
  ['PID', 8, 1, 1],
  ['PID', 18, 1, 1],
] as const

function readOurs(text: string): number {
  const result = parseMessage(text)
  if ('fault' in result) throw new Error(result.fault.text)
  let found = 0
  for (const [name, field, repetition, component] of reads)
    if (result.message.first(name)?.value(field, repetition, component)) found++
  return found
}

function readTheirs(text: string): number {
  const message = HL7Message.parse(text)
  let found = 0
  for (const [name, field, repetition, component] of reads) {
    const repeated = message
      .getSegment(name)
      ?.field(field)
      .repetition(repetition - 1)
    if (repeated?.getValue(component)) found++
  }
  return found
}

/** Calls `work` for every message of the list, again and again, for so many ms of processor time. */
function messagesPerCpuSecond(
  messages: readonly string[],
  cpuMs: number,
  work: (text: string) => unknown,
): number {
  const began = process.cpuUsage()
  let count = 0
  for (;;) {
    for (let i = 0; i < 100; i++) work(messages[count++ % messages.length] ?? '')
    const { user, system } = process.cpuUsage(began)
    if ((user + system) / 1000 >= cpuMs) return count / ((user + system) / 1e6)
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Medians of rounds in turn, so that both sides see the same machine. The first round only warms up. */
export function compare(
  messages: readonly string[],
  quick: boolean,
  works: readonly ((text: string) => unknown)[],
): number[] {
  const rounds = quick ? 3 : 7
  const cpuMs = quick ? 300 : 1_000
  const rates = works.map((): number[] => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [i, work] of works.entries()) {
      const rate = messagesPerCpuSecond(messages, cpuMs, work)
      if (round > 0) rates[i]?.push(rate)
    }
  }
  return rates.map(median)
}

export function benchParse(report: Report, quick: boolean): void {
  const messages = sample()
  const found = [readOurs, readTheirs].map((read) =>
    messages.slice(0, 100).reduce((sum, text) => sum + read(text), 0),
  )
  if (found[0] !== found[1])
    report.say(`the readers find different numbers of values: ${found.join(' and ')}`)
  const [ours = 0, theirs = 0] = compare(messages, quick, [readOurs, readTheirs])
  report.figure('a', 'parse + 12 reads', ours, 'msg/CPU s')
  report.figure('a', 'parse + 12 reads, npm hl7v2 1.8.0', theirs, 'msg/CPU s')
  report.ratio({ part: 'a', name: 'parse + 12 reads / hl7v2', value: ours / theirs, atLeast: 10 })
}

function mapper(site: Site, maps: MapSet, lineage: boolean): (text: string) => number {
  const mapOne = (message: Message): number => {
    const source = sourceOf(site, readHeader(message).source)
    if (!source) throw new Error('a source that the site does not know')
    const context = {
      source: source.id,
      zone: source.timezone,
      currency: site.gateway.currency,
      systems: authorityResolver(site, source),
      emptyMeansDelete: new Set(source.emptyMeansDelete),
      lineage,
    }
    return mapMessage(message, maps, context)?.things.length ?? 0
  }
  return (text) => {
    const result = parseMessage(text)
    if ('fault' in result) throw new Error(result.fault.text)
    return mapOne(result.message)
  }
}

export function benchMap(report: Report, quick: boolean): void {
  const messages = sample()
  const read = readSite(siteFile)
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  const maps = loadSiteMaps(siteFile)
  const [withLineage = 0, without = 0] = compare(messages, quick, [
    mapper(read.site, maps, true),
    mapper(read.site, maps, false),
  ])
  report.figure('b', 'parse + map with lineage', withLineage, 'msg/CPU s')
  report.figure('b', 'parse + map without lineage', without, 'msg/CPU s')
  report.ratio({
    part: 'b',
    name: 'cost of lineage, % more time per message',
    value: (without / withLineage - 1) * 100,
    atMost: 30,
  })
}
