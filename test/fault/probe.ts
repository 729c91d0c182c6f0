// Loaded into the gateway by --import: tells the test how long the event loop stood still, and what memory is held.
import { monitorEventLoopDelay } from 'node:perf_hooks'

const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()
const nanosPerMs = 1e6

process.on('message', (question) => {
  if (question !== 'probe') return
  const blockedMs = delay.max / nanosPerMs
  globalThis.gc?.()
  globalThis.gc?.()
  const rssBytes = process.memoryUsage().rss
  delay.reset()
  process.send?.({ blockedMs, rssBytes })
})
process.channel?.unref()
