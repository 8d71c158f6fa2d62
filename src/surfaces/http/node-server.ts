import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '#kernel/clock'
import { Failure } from '#kernel/failure'
import { crossOrigin } from './cors.ts'
import { errorBody, failureView } from './envelope.ts'
import { SECURITY_HEADER_LINES, setSecurityHeaders } from './headers.ts'
import { readForwardedAddresses } from './forwarded-addresses.ts'
import { requestGuard } from './host-guard.ts'
import type { GuardSettings } from './host-guard.ts'
import { httpsOnly } from './https-only.ts'
import type { HttpsSettings } from './https-only.ts'
import { requireForm } from './request-form.ts'
import { identify } from './request-id.ts'
import type { Upgrades } from './upgrades.ts'

export type NodeHandler = (req: IncomingMessage, res: ServerResponse) => void

/** A surface that handles Node requests itself, guards and headers included, without the HTTP framework. */
export interface BareSurface {
  readonly serves: (url: string) => boolean
  readonly handle: NodeHandler
}

export interface NodeServerOptions {
  readonly guard: GuardSettings & HttpsSettings
  readonly clock: Clock
  readonly mcp: BareSurface | undefined
  /** Handles every other URL. */
  readonly http: NodeHandler
  /** Undefined when there are no WebSocket routes. */
  readonly upgrades: Upgrades | undefined
  /** True once the process is stopping: connections are then closed after their answer. */
  readonly isStopping: () => boolean
  readonly patience: { readonly headersSeconds: number; readonly requestSeconds: number }
}

const HEADER_BYTES_MAX = 16 * 1024

/** Longer than the 60 s after which common load balancers close an idle connection, so that they close it first. */
const KEEP_ALIVE_MILLISECONDS = 65_000

/**
 * The listening HTTP server. It passes MCP requests to the MCP surface. For all others it sets security headers and
 * request id, refuses foreign hosts and origins, and answers CORS preflights before the framework sees the request.
 */
export function nodeServer(options: NodeServerOptions): Server {
  const { guard, clock, mcp, http, upgrades, isStopping, patience } = options
  const check = requestGuard(guard)
  const cors = crossOrigin(guard.corsOrigins)
  const httpsLocation = httpsOnly(guard)
  /** Connections that close after a refusal: bytes that follow it may be a smuggled request and are not served. */
  const ending = new WeakSet<Socket>()
  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    if (ending.has(req.socket)) return
    readForwardedAddresses(req)
    try {
      if (isStopping()) res.setHeader('Connection', 'close')
      requireForm(req)
      if (httpsLocation !== undefined && redirected(req, res)) return
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
  /** Redirects a plain HTTP request to HTTPS, but never for a foreign host. Returns whether it did. */
  const redirected = (req: IncomingMessage, res: ServerResponse): boolean => {
    const location = httpsLocation?.(req)
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
      // A header that is sent twice is joined into an invalid value, so that neither copy is used.
      joinDuplicateHeaders: true,
      connectionsCheckingInterval: Math.min(5, patience.headersSeconds) * 500,
      // The guard refuses a request without `Host`, and unlike Node with our headers.
      requireHostHeader: false,
      // An upgrade to another protocol, or without WebSocket routes, is ignored (RFC 9110, 7.8).
      shouldUpgradeCallback: (req) => upgrades?.wanted(req) === true,
    },
    answer,
  )
  upgrades?.answerWith(server, answer)
  // An unknown `Expect` is ignored (allowed by RFC 9110, 10.1.1); Node's own 417 would lack our headers.
  return server.on('checkExpectation', answer)
}

/** Answers a request that Node could not parse, with the usual headers and error envelope. */
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

/** Sets the headers of every answer; a handler may override them. */
function setCommonHeaders(req: IncomingMessage, res: ServerResponse): void {
  setSecurityHeaders(res)
  res.setHeader('Cache-Control', 'no-store')
  res.setHeader('X-Request-ID', identify(req))
}

/** Sends a refusal and closes the connection: later bytes on it may belong to the refused request. */
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
