// Payloads over one MLLP connection.
import type { MllpClientTls } from '../adapters/mllp/dial.ts'
import { MllpSender, type SendFault, type SendOutcome } from '../adapters/mllp/sender.ts'
import { type Answer, readAnswer } from './answer.ts'
import { CannotRun } from './exit.ts'
import { type Link, type Payload, resendAdvice, startAdvice, tlsAdvice } from './link.ts'

export interface MllpLinkOptions {
  readonly host: string
  readonly port: number
  readonly tls?: MllpClientTls
  /** Messages in flight. */
  readonly window: number
  /** Wait for each ACK. */
  readonly timeoutMs: number
}

/** Connects. Throws CannotRun when nobody is there. */
export async function openMllpLink(options: MllpLinkOptions): Promise<Link> {
  const { host, port, tls, window, timeoutMs } = options
  const sender = new MllpSender()
  const fault = await sender.connect(host, port, tls)
  if (fault) throw new CannotRun(describe(fault, options))
  return {
    async deliver(payloads, report) {
      const waiting = new Map<number, Payload>()
      await sender.sendAll(bytesOf(payloads, waiting), { window, timeoutMs }, (outcome, index) => {
        const payload = waiting.get(index)
        waiting.delete(index)
        if (payload) report(payload, answerOf(outcome, options))
      })
    },
    close: () => sender.close(),
  }
}

async function* bytesOf(payloads: AsyncIterable<Payload>, waiting: Map<number, Payload>) {
  let index = 0
  for await (const payload of payloads) {
    waiting.set(index++, payload)
    yield payload.bytes
  }
}

function answerOf(outcome: SendOutcome, options: MllpLinkOptions): Answer {
  if ('ack' in outcome) return { verdicts: readAnswer(outcome.ack) }
  const { fault } = outcome
  const fatal =
    fault.code === 'CONNECT_FAILED' || fault.code === 'CONNECT_TIMEOUT' || fault.code === 'TLS_FAILED'
  return { fault: fault.code, text: describe(fault, options), fatal }
}

function describe({ code, detail = '' }: SendFault, { host, port, timeoutMs }: MllpLinkOptions): string {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  switch (code) {
    case 'CONNECT_FAILED':
      return `nobody listens (${place}, ${detail}) - ${startAdvice}`
    case 'CONNECT_TIMEOUT':
      return `no connection within ${detail} (${place}) - check the address and the firewalls on the way`
    case 'TLS_FAILED':
      return `no TLS connection (${place}, ${detail}) - ${tlsAdvice}`
    case 'ACK_TIMEOUT':
      return `no acknowledgement within ${timeoutMs} ms (${place}) - ${resendAdvice}`
    case 'CONNECTION_LOST':
      return `the connection was closed before the acknowledgement (${place}) - ${resendAdvice}`
    case 'ACK_NOT_FRAMED':
      return `the answer is not MLLP (${place}, ${detail}) - check that an MLLP listener is there`
    case 'ACK_OWED':
      return `committed, but its application ACK is missing (${place}) - ask the receiver's operator`
    case 'COMMIT_REJECTED':
      return `the receiver did not commit it (${place}) - send it again later`
    default:
      return `not sent (${place}, ${code}) - send it again`
  }
}
