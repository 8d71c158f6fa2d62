import type { IncomingMessage } from 'node:http'
import type { NodeIncomingMessageLike } from '@modelcontextprotocol/node'
import type { AuthenticatedRequest } from './authenticated-request.ts'
import type { Endpoint } from './endpoint.ts'
import { ACCEPTED, RPC, RpcError } from './rpc.ts'
import type { Reply } from './rpc.ts'
import { authOf, sdkHandler } from './sdk.ts'
import type { SdkHandler, SdkParts } from './sdk.ts'
import { setAnswerHeaders } from './send.ts'

/** The handlers of the official SDK for each endpoint, created when the first request needs them. */
export interface SdkHandlers {
  /** Answers a request by a stream. */
  handle(request: AuthenticatedRequest, body: unknown): Promise<void>
  /** Answers one message without a stream. */
  answer(request: AuthenticatedRequest, body: unknown): Promise<Reply>
  close(): Promise<void>
}

export function sdkHandlers(parts: SdkParts): SdkHandlers {
  const made = new Map<Endpoint, SdkHandler>()
  const handlerOf = (endpoint: Endpoint): SdkHandler => {
    const known = made.get(endpoint) ?? sdkHandler(endpoint, parts)
    made.set(endpoint, known)
    return known
  }
  return {
    handle: ({ req, res, endpoint, principal, rate }, body) => {
      setAnswerHeaders(res, rate)
      const authenticated = Object.assign(req, { auth: authOf(principal) })
      // safe because: a request that reached a server has a method and a URL; the types only differ in `undefined`.
      return handlerOf(endpoint).handle(authenticated as NodeIncomingMessageLike, res, body)
    },
    answer: async ({ req, endpoint, principal }, body) => {
      const response = await handlerOf(endpoint).fetch(body, principal, revisionHeaders(req))
      const text = await response.text()
      if (text === '') return ACCEPTED
      const [data] = /^data: (.*)$/m.exec(text)?.slice(1) ?? [text]
      if (data === undefined) throw new RpcError(500, RPC.internal, 'Internal error')
      return { status: response.status, body: data }
    },
    close: async () => {
      await Promise.allSettled([...made.values()].map((handler) => handler.close()))
    },
  }
}

/** The headers that name the revision, and in the stateless one the method and tool. */
function revisionHeaders({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const named = ['mcp-protocol-version', 'mcp-method', 'mcp-name'].flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  return Object.fromEntries(named)
}
