// A bench process and its caller: requests and answers over the channel that Node opens between parent and child.
import { fork } from 'node:child_process'

export type Handlers = Readonly<Record<string, (parameters: never) => unknown>>

interface Request {
  readonly id: number
  readonly name: string
  readonly parameters: unknown
}
interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

export interface Remote<H extends Handlers> {
  readonly pid: number
  call<N extends keyof H & string>(
    name: N,
    parameters: Parameters<H[N]>[0],
  ): Promise<Awaited<ReturnType<H[N]>>>
  /** Lets the process end by itself, and waits for it. */
  end(): Promise<void>
}

/** Starts `file`, which calls `serve`. `flags` are options of node. */
export function start<H extends Handlers>(file: string, flags: readonly string[] = []): Remote<H> {
  const child = fork(file, [], { execArgv: [...flags], serialization: 'advanced' })
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let last = 0
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`${file} ended (${signal ?? code})`))
      waiting.clear()
      resolve()
    })
  })
  child.on('message', (message: Answer) => {
    const { resolve, reject } = waiting.get(message.id) ?? {}
    waiting.delete(message.id)
    if (message.error === undefined) resolve?.(message.result)
    else reject?.(new Error(message.error))
  })
  if (child.pid === undefined) throw new Error(`${file} did not start`)
  return {
    pid: child.pid,
    call: (name, parameters) =>
      new Promise((resolve, reject) => {
        const id = ++last
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
        child.send({ id, name, parameters } satisfies Request)
      }),
    end: async () => {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}

/** Answers the parent until it lets go; then calls `end` and exits. */
export function serve(handlers: Handlers, end: () => Promise<void>): void {
  const answer = (message: Answer) => process.send?.(message)
  process.on('message', async ({ id, name, parameters }: Request) => {
    try {
      const handler = handlers[name]
      if (!handler) throw new Error(`no handler ${name}`)
      answer({ id, result: await handler(parameters as never) })
    } catch (error) {
      answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  })
  process.once('disconnect', () => {
    end().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
}
