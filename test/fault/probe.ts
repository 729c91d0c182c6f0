// Loaded into the gateway by --import: tells the test how long the event loop stood still, and what memory is held.

/** A tick that comes late although the processor was free for us would be somebody else's doing: work is what counts. */
const tickMs = 5
const microsPerMs = 1_000
let longestMs = 0
let before = process.threadCpuUsage()

function tick(): void {
  const { user, system } = process.threadCpuUsage(before)
  longestMs = Math.max(longestMs, (user + system) / microsPerMs)
  before = process.threadCpuUsage()
}
setInterval(tick, tickMs).unref()

process.on('message', (question) => {
  if (question !== 'probe' && question !== 'probe memory') return
  tick()
  const blockedMs = longestMs
  if (question === 'probe memory') globalThis.gc?.()
  const { rss: rssBytes, heapUsed, external } = process.memoryUsage()
  longestMs = 0
  before = process.threadCpuUsage()
  process.send?.({ blockedMs, rssBytes, heldBytes: heapUsed + external })
})
process.channel?.unref()
