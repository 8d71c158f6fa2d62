import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '#kernel/clock'
import { Failure } from '#kernel/failure'
import { crossOrigin } from './cors.ts'
import { errorBody, failureView } from './envelope.ts'
import { SECURITY_HEADER_LINES, setSecurityHeaders } from './headers.ts'
import { requestGuard } from './host-guard.ts'
import type { GuardSettings } from './host-guard.ts'
import { httpsOnly } from './https-only.ts'
import type { HttpsSettings } from './https-only.ts'
import { requireForm } from './request-form.ts'
import { identify } from './request-id.ts'
import type { Upgrades } from './upgrades.ts'

export type NodeHandler = (req: IncomingMessage, res: ServerResponse) => void

/** A surface that answers its URLs on the bare request: guards, headers and all. It pays for no framework. */
export interface BareSurface {
  readonly serves: (url: string) => boolean
  readonly handle: NodeHandler
}

export interface NodeServerOptions {
  readonly guard: GuardSettings & HttpsSettings
  readonly clock: Clock
  readonly mcp: BareSurface | undefined
  /** Answers everything else. */
  readonly http: NodeHandler
  /** Where there are WebSocket routes. */
  readonly upgrades: Upgrades | undefined
  /** True once the process stops: connections are closed after their answer. */
  readonly isStopping: () => boolean
  readonly patience: { readonly headersSeconds: number; readonly requestSeconds: number }
}

const HEADER_BYTES_MAX = 16 * 1024

/** Longer than the 60 s after which common load balancers close an idle connection, so that they close it first. */
const KEEP_ALIVE_MILLISECONDS = 65_000

/**
 * The one listening server. MCP goes straight to its own handler. For the rest it sets the security headers and the
 * request id, refuses foreign hosts and origins and answers preflights, before the framework sees the request.
 */
export function nodeServer(options: NodeServerOptions): Server {
  const { guard, clock, mcp, http, upgrades, isStopping, patience } = options
  const check = requestGuard(guard)
  const cors = crossOrigin(guard.corsOrigins)
  const elsewhere = httpsOnly(guard)
  /** Connections that end with a refusal: what was sent behind it, perhaps inside it, is no request. */
  const ending = new WeakSet<Socket>()
  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    if (ending.has(req.socket)) return
    try {
      if (isStopping()) res.setHeader('Connection', 'close')
      requireForm(req)
      if (elsewhere !== undefined && sentOn(req, res)) return
      if (mcp?.serves(req.url ?? '') === true) return mcp.handle(req, res)
      setCommonHeaders(req, res)
      check(req)
      if (!cors(req, res)) http(req, res)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      ending.add(req.socket)
      refuse(req, res, error, clock)
    }
  }
  /** By HTTPS alone: whether the caller was sent there. Never to a host that is not ours. */
  const sentOn = (req: IncomingMessage, res: ServerResponse): boolean => {
    const location = elsewhere?.(req)
    if (location === undefined) return false
    check(req)
    setCommonHeaders(req, res)
    res.writeHead(308, { Location: location, 'Content-Length': 0 }).end()
    return true
  }
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: patience.headersSeconds * 1000,
      requestTimeout: patience.requestSeconds * 1000,
      keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
      // Of two headers where one is meant, neither is believed: joined they are no host, no key and no type.
      joinDuplicateHeaders: true,
      connectionsCheckingInterval: Math.min(5, patience.headersSeconds) * 500,
      // The guard refuses a request without a host, with the headers that every answer has.
      requireHostHeader: false,
      // Without WebSocket routes, and for any other protocol, a wish to upgrade is ignored (RFC 9110, 7.8).
      shouldUpgradeCallback: (req) => upgrades?.wanted(req) === true,
    },
    answer,
  )
  upgrades?.answerWith(server, answer)
  // An expectation we do not know is ignored (RFC 9110, 10.1.1 allows it); Node's own answer would lack our headers.
  return server.on('checkExpectation', answer)
}

/** Answers what could not be parsed as a request, with the same headers and form as everything else. */
export function answerParserError(error: Error & { readonly code?: string }, socket: Socket, clock: Clock): void {
  if (!socket.writable || socket.bytesWritten > 0 || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const { status, reason, code, message } = parserError(error.code)
  const body = JSON.stringify(errorBody({ status, code, message }, 'unparsed', clock))
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\n${SECURITY_HEADER_LINES}Content-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

function parserError(code: string | undefined) {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { status: 408, reason: 'Request Timeout', code: 'TIMEOUT', message: 'The request did not arrive in time.' }
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    const message = 'The headers are too large.'
    return { status: 431, reason: 'Request Header Fields Too Large', code: 'LIMIT_EXCEEDED', message }
  }
  return { status: 400, reason: 'Bad Request', code: 'BAD_REQUEST', message: 'This is not a well-formed HTTP request.' }
}

/** What every answer of this surface carries; whatever answers may say otherwise of its own. */
function setCommonHeaders(req: IncomingMessage, res: ServerResponse): void {
  setSecurityHeaders(res)
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('X-Request-ID', identify(req))
}

/** Ends the connection too: what else was sent on it may be part of what was refused. */
function refuse(req: IncomingMessage, res: ServerResponse, failure: Failure, clock: Clock): void {
  setCommonHeaders(req, res)
  const view = failureView(failure)
  const status = failure.code === 'TOO_MANY_HEADERS' ? 431 : view.status
  const body = JSON.stringify(errorBody(view, identify(req), clock))
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  })
  res.end(body)
}
