import { Agent, request } from 'node:http'
import type { HttpRequest } from './load.ts'

/** A running steady load and its results so far. */
export interface SteadyCalls {
  readonly calls: number
  readonly milliseconds: readonly number[]
  readonly failures: ReadonlyMap<string, number>
  /** The number of calls sent but not answered yet. */
  readonly open: number
  /** Sends no more calls, and waits for the open ones. */
  stop(): Promise<void>
}

const CONNECTIONS = 32
const TICK_MILLISECONDS = 20
const OPEN_MAX = 1000

/**
 * Sends `perSecond` calls per second whether or not earlier ones were answered, like independent callers. `next` returns
 * the n-th request; an answer for which `isRight` is false counts as a failure.
 */
export function callSteadily(
  url: string,
  perSecond: number,
  next: (n: number) => HttpRequest,
  isRight: (body: string) => boolean,
): SteadyCalls {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const failures = new Map<string, number>()
  const milliseconds: number[] = []
  const open = new Set<Promise<void>>()
  const startedAt = performance.now()
  let begun = 0

  const fail = (what: string) => void failures.set(what, (failures.get(what) ?? 0) + 1)
  const begin = () => {
    const at = performance.now()
    const call = send(agent, url, next(begun++)).then(
      ({ status, body }) => {
        milliseconds.push(performance.now() - at)
        if (status !== 200 || !isRight(body)) fail(`${status} ${body.slice(0, 200)}`)
      },
      (error: unknown) => fail(String(error)),
    )
    open.add(call)
    void call.finally(() => open.delete(call))
  }
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond)
    for (let missing = due - begun; missing > 0 && open.size < OPEN_MAX; missing--) begin()
  }, TICK_MILLISECONDS)

  return {
    get calls() {
      return begun
    },
    get open() {
      return open.size
    },
    milliseconds,
    failures,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(open)
      agent.destroy()
    },
  }
}

function send(agent: Agent, url: string, { method, headers, body = '' }: HttpRequest) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const length = { 'content-length': Buffer.byteLength(body) }
    const sent = request(url, { method, agent, headers: { ...headers, ...length } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
