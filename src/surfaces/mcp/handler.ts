import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessRequest, Authenticate } from '#kernel/principal'
import { answerBatch, answerMessage } from './answer.ts'
import type { AnswerParts } from './answer.ts'
import type { AuthenticatedRequest } from './authenticated-request.ts'
import { parseBody, readBody } from './body.ts'
import type { Endpoint } from './endpoint.ts'
import { acceptedMedia, requireJsonBody } from './media-types.ts'
import type { Refuse } from './refuse.ts'
import { isRecord } from './rpc.ts'
import { inSession } from './session-requests.ts'

export interface HandlerParts extends AnswerParts {
  readonly authenticate: Authenticate
  readonly accessRequestOf: (req: IncomingMessage, endpoint: Endpoint) => AccessRequest
  readonly bodyBytesMax: number
  readonly refuse: Refuse
}

/** The handler of HTTP requests to an endpoint: authenticates, reads the body and answers it. */
export function endpointHandler(
  parts: HandlerParts,
): (req: IncomingMessage, res: ServerResponse, endpoint: Endpoint) => void {
  return (req, res, endpoint) => {
    try {
      if (req.method === 'POST') requireJsonBody(req)
      const accepted = acceptedMedia(req)
      const principal = parts.authenticate(req.headers.authorization, parts.accessRequestOf(req, endpoint))
      if (!(principal instanceof Promise)) return receive(parts, { req, res, endpoint, principal, accepted, rate: [] })
      principal
        .then((known) => receive(parts, { req, res, endpoint, principal: known, accepted, rate: [] }))
        .catch((error: unknown) => parts.refuse(req, res, endpoint, error))
    } catch (error) {
      parts.refuse(req, res, endpoint, error)
    }
  }
}

function receive(parts: HandlerParts, request: AuthenticatedRequest): void {
  const { req, res, endpoint } = request
  const failed = (error: unknown): void => parts.refuse(req, res, endpoint, error, undefined, request.rate)
  if (req.method !== 'POST') {
    listenOrLeave(parts, request).catch(failed)
    return
  }
  readBody(req, parts.bodyBytesMax, (bytes) => answer(parts, request, bytes), failed)
}

/** Handles the GET that listens to a session and the DELETE that ends it; both count against the rate limit. */
async function listenOrLeave({ countCall, sessions }: HandlerParts, request: AuthenticatedRequest): Promise<void> {
  await countCall(request)
  await inSession(sessions, request)
}

function answer(parts: HandlerParts, request: AuthenticatedRequest, bytes: Buffer): void {
  const { req, res, endpoint } = request
  let body: unknown
  try {
    body = parseBody(bytes)
  } catch (error) {
    return parts.refuse(req, res, endpoint, error)
  }
  const answered = Array.isArray(body) ? answerBatch(parts, request, body) : answerMessage(parts, request, body)
  answered.catch((error: unknown) => parts.refuse(req, res, endpoint, error, idOf(body), request.rate))
}

/** The request id for an error, if the body could be parsed far enough. */
function idOf(body: unknown): string | number | undefined {
  const id = isRecord(body) ? body['id'] : undefined
  return typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id)) ? id : undefined
}
