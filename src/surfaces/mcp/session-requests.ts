import { Failure } from '#kernel/failure'
import type { AuthenticatedRequest } from './authenticated-request.ts'
import type { Endpoint } from './endpoint.ts'
import type { Era } from './era.ts'
import { CAPABILITY } from './questions.ts'
import { RPC, RpcError, isRecord } from './rpc.ts'
import type { RpcMessage } from './rpc.ts'
import { setAnswerHeaders } from './send.ts'
import type { Sessions } from './sessions.ts'

/**
 * Whether this `initialize` opens a session: the endpoint has a tool that asks questions, and the client can answer
 * them. All other clients are served without one, so that any process can answer any of their requests.
 */
export function opensSession(endpoint: Endpoint, era: Era, message: RpcMessage): boolean {
  if (era.modern || message.method !== 'initialize' || !endpoint.asks) return false
  const { capabilities } = message.params
  return isRecord(capabilities) && Object.values(CAPABILITY).some((name) => capabilities[name] !== undefined)
}

/** Opens a session, which answers the `initialize` request. */
export async function openSession(sessions: Sessions, request: AuthenticatedRequest, body: unknown): Promise<void> {
  const { req, res, endpoint, principal } = request
  const session = await sessions.open(endpoint, principal)
  setAnswerHeaders(res, request.rate)
  await session.handle(req, res, body)
}

/** Passes a request to its session: a POST, the GET that listens, or the DELETE that ends the session. */
export async function inSession(sessions: Sessions, request: AuthenticatedRequest, body?: unknown): Promise<void> {
  const { req, res, endpoint, principal } = request
  const id = req.headers['mcp-session-id']
  if (id === undefined) {
    if (req.method === 'POST')
      throw new RpcError(400, RPC.invalidRequest, 'Invalid Request: nobody asked for this response.')
    throw new Failure('method_not_allowed', 'This endpoint allows only POST.')
  }
  const session = typeof id === 'string' ? sessions.find(id, endpoint, principal) : undefined
  if (session === undefined)
    throw new Failure('not_found', 'There is no such session. Send initialize again.', { code: 'SESSION_NOT_FOUND' })
  setAnswerHeaders(res, request.rate)
  await session.handle(req, res, body)
}
