// (e) Memory of the gateway while a million messages pass: resident octets after a collection of garbage, at each percent.
import type { Cluster } from './cluster.ts'
import type { Report } from './report.ts'
import { Stand } from './stand.ts'

const steps = 100
/** The first tenth is start-up: code is compiled, pools fill. */
const settled = steps / 10
const mega = 2 ** 20

/** Rise of the least-squares line over all of the values, as a share of their mean. */
export function drift(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length
  let above = 0
  let below = 0
  for (const [i, value] of values.entries()) {
    above += (i - middle) * (value - mean)
    below += (i - middle) ** 2
  }
  return ((above / below) * (values.length - 1)) / mean
}

export async function benchMemory(cluster: Cluster, report: Report, messages: number): Promise<void> {
  const stand = new Stand(cluster, ['--expose-gc'])
  try {
    await stand.open({ seed: 3, patients: 2_000 })
    const rss: number[] = []
    const heap: number[] = []
    const began = performance.now()
    for (let step = 1; step <= steps; step++) {
      await stand.run(16, 8, { messages: messages / steps })
      const memory = await stand.gateway.call('memory', undefined)
      rss.push(memory.rss / mega)
      heap.push(memory.heapUsed / mega)
      if (step % 10 === 0) {
        const seconds = (performance.now() - began) / 1000
        report.say(
          `${step} %: ${((messages * step) / steps / seconds).toFixed(0)} msg/s, ${rss.at(-1)?.toFixed(0)} MiB resident, ${heap.at(-1)?.toFixed(0)} MiB heap`,
        )
      }
    }
    const late = rss.slice(settled)
    report.figure(
      'e',
      'messages passed',
      messages,
      '',
      `${(messages / ((performance.now() - began) / 1000)).toFixed(0)} msg/s`,
    )
    report.figure('e', 'resident after GC, at 10 %', rss[settled - 1] ?? 0, 'MiB')
    report.figure('e', 'resident after GC, at the end', rss.at(-1) ?? 0, 'MiB')
    report.figure('e', 'resident after GC, highest', Math.max(...rss), 'MiB')
    report.figure(
      'e',
      'heap in use after GC, at 10 % and at the end',
      heap.at(-1) ?? 0,
      'MiB',
      `${heap[settled - 1]?.toFixed(1)} MiB at 10 %`,
    )
    report.ratio({
      part: 'e',
      name: 'drift of resident memory over the last 90 %, %',
      value: drift(late) * 100,
      atMost: 10,
    })
    report.ratio({
      part: 'e',
      name: 'drift of the heap over the last 90 %, %',
      value: drift(heap.slice(settled)) * 100,
      atMost: 10,
    })
  } finally {
    await stand.close()
  }
}
