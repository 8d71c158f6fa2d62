import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** The ways in which a reachable server fails. */
export type Misbehaviour =
  | { readonly kind: 'silent' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'answers'; readonly status: number; readonly body: string }

export interface Request {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** An HTTP server on loopback that answers with `serve`, or fails as configured. */
export interface MisbehavingServer {
  readonly url: string
  /** Every request received, in order. */
  readonly requests: readonly Request[]
  /** Makes the next requests (a number, or all) fail in this way. */
  misbehave(how: Misbehaviour, times?: number): void
  behave(): void
  close(): Promise<void>
}

export async function misbehavingServer(serve: (request: Request) => Answer): Promise<MisbehavingServer> {
  const requests: Request[] = []
  let how: Misbehaviour | undefined
  let times = 0
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const { method = '', url: path = '', headers } = req
    const request = { method, path, headers, body: await text(req) }
    requests.push(request)
    const met = times > 0 ? how : undefined
    times -= 1
    if (met?.kind === 'silent') return
    if (met?.kind === 'cut') return void req.socket.destroy()
    const answer: Answer = met ?? serve(request)
    res.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    res.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body))
  }
  const server = createServer((req, res) => void handle(req, res).catch(() => res.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    requests,
    misbehave(next, count = Infinity) {
      how = next
      times = count
    },
    behave: () => void (times = 0),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
