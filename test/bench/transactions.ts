// (j) A FHIR transaction of 100 entries beside 100 requests, one after the other and some at a time: all patients, all new.
import { Agent, request } from 'node:http'
import type { Cluster } from './cluster.ts'
import type { Report } from './report.ts'
import { Stand } from './stand.ts'

const entries = 100
const atATime = 8
const system = 'urn:oid:2.16.840.1.113883.19.200.1'

let made = 0
const patient = (): object => {
  made += 1
  return {
    resourceType: 'Patient',
    identifier: [{ system, value: `B${made}` }],
    name: [{ family: `Bench${made % 97}`, given: ['Anna'] }],
    gender: 'female',
    birthDate: '1980-01-01',
  }
}

function post(agent: Agent, port: number, path: string, resource: object): Promise<void> {
  const body = JSON.stringify(resource)
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: 'Bearer bench-client',
      'content-type': 'application/fhir+json',
      'content-length': Buffer.byteLength(body),
      prefer: 'return=minimal',
    }
    const asked = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        if ((response.statusCode ?? 0) < 300) resolve()
        else
          reject(
            new Error(`${path}: ${response.statusCode} ${Buffer.concat(parts).toString().slice(0, 300)}`),
          )
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

const bundle = (): object => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: Array.from({ length: entries }, () => ({
    resource: patient(),
    request: { method: 'POST', url: 'Patient' },
  })),
})

async function median(rounds: number, work: () => Promise<void>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    await work()
    times.push(performance.now() - began)
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
}

export async function benchTransactions(cluster: Cluster, report: Report, rounds: number): Promise<void> {
  const stand = new Stand(cluster)
  const agent = new Agent({ keepAlive: true, maxSockets: atATime })
  try {
    const { httpPort } = await stand.open({ seed: 4, patients: 1 })
    const whole = () => post(agent, httpPort, '/fhir', bundle())
    const single = () => post(agent, httpPort, '/fhir/Patient', patient())
    const oneByOne = async () => {
      for (let i = 0; i < entries; i++) await single()
    }
    const some = async () => {
      let left = entries
      const work = async () => {
        while (left-- > 0) await single()
      }
      await Promise.all(Array.from({ length: atATime }, work))
    }
    for (let warm = 0; warm < 5; warm++) {
      await whole()
      await oneByOne()
    }
    await stand.analyze()
    const [one, each, several] = [
      await median(rounds, whole),
      await median(rounds, oneByOne),
      await median(rounds, some),
    ]
    report.figure('j', `transaction of ${entries} new patients, p50`, one, 'ms')
    report.figure('j', `${entries} requests, one after the other, p50`, each, 'ms')
    report.figure('j', `${entries} requests, ${atATime} at a time, p50`, several, 'ms')
    report.ratio({ part: 'j', name: `${entries} requests / one transaction`, value: each / one, atLeast: 5 })
  } finally {
    agent.destroy()
    await stand.close()
  }
}
