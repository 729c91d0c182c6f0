// The road that payloads take, whatever the transport: one link keeps the order of what it is given.
import type { Answer } from './answer.ts'

/** Next steps that the links share. */
export const startAdvice = 'start the gateway with npm start, or say where it is with --to'
export const resendAdvice = 'it may have been taken: send it again as it is'
export const tlsAdvice = 'check the port and --tls-ca, --tls-cert, --tls-key, --tls-name'

export interface Payload {
  readonly bytes: Uint8Array
  /** As the user named it, or as it was found. */
  readonly file: string
  /** 1-based place of the file in what is sent. */
  readonly fileNumber: number
  /** 1-based place in its file, and how many the file has. */
  readonly number: number
  readonly of: number
}

export type Report = (payload: Payload, answer: Answer) => void

export interface Link {
  /** Sends until `payloads` ends; resolves when each is reported. Never rejects for what the other end does. */
  deliver(payloads: AsyncIterable<Payload>, report: Report): Promise<void>
  close(): void
}

/** Keeps up to `window` calls of `send` in flight, begun in order, and reports them in order. */
export async function deliverWith(
  payloads: AsyncIterable<Payload>,
  window: number,
  send: (payload: Payload) => Promise<Answer>,
  report: Report,
): Promise<void> {
  const flights: { readonly payload: Payload; readonly landed: Promise<Answer> }[] = []
  const land = async () => {
    const first = flights.shift()
    if (first) report(first.payload, await first.landed)
  }
  for await (const payload of payloads) {
    flights.push({ payload, landed: send(payload) })
    if (flights.length >= window) await land()
  }
  while (flights.length > 0) await land()
}
