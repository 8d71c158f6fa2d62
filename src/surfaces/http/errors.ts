import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import { Failure } from '#kernel/failure'
import type { Metrics } from '#kernel/telemetry/metrics'
import { baseUrlOf, challengeOf } from './authorization.ts'
import type { admission } from './authorization.ts'
import { bugView, errorBody, expectedFailure, failureView } from './envelope.ts'
import type { ErrorView } from './envelope.ts'
import type { routeTable } from './route-table.ts'

export interface ErrorOptions {
  readonly log: Logger
  readonly metrics: Metrics
  readonly clock: Clock
  readonly config: { readonly server: { readonly publicUrl?: string | undefined } }
}

/** Logs and counts what a request threw. Returns the error view for the caller, and the failure unless it is a bug. */
export function reportError(
  { log, metrics }: Pick<ErrorOptions, 'log' | 'metrics'>,
  error: unknown,
  request: FastifyRequest,
): { readonly view: ErrorView; readonly failure: Failure | undefined } {
  const failure = expectedFailure(error)
  const { id: requestId, method } = request
  const route = request.routeOptions.url
  metrics.failed('http', failure?.kind ?? 'bug')
  if (failure === undefined) {
    const errorId = randomUUID()
    log.error({ err: error, errorId, requestId, method, route }, 'request failed unexpectedly')
    return { view: bugView(errorId), failure }
  }
  if (failure.cause !== undefined && failure.status >= 500) {
    log.warn({ err: failure.cause, requestId, route, kind: failure.kind }, failure.message)
  }
  return { view: failureView(failure), failure }
}

/** The error handler of the HTTP surface. `bodyOf` builds the body; the default is the API's error envelope. */
export function errorAnswers(options: ErrorOptions, bodyOf?: (view: ErrorView, requestId: string) => unknown) {
  const { clock, config } = options
  const body = bodyOf ?? ((view, requestId) => errorBody(view, requestId, clock))
  const baseUrl = baseUrlOf(config.server.publicUrl)
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { view, failure } = reportError(options, error, request)
    reply.type('application/json; charset=utf-8')
    if (failure !== undefined) {
      const challenge = challengeOf(failure, request.headers.authorization !== undefined, baseUrl(request))
      if (challenge !== undefined) reply.header('WWW-Authenticate', challenge)
      if (failure.retryAfterSeconds !== undefined) reply.header('Retry-After', Math.ceil(failure.retryAfterSeconds))
      if (failure.code === 'ENCODING_NOT_ACCEPTED') reply.header('Accept-Encoding', 'gzip, deflate, br, identity')
      // The rest of a body that is too large stays unread, so the connection cannot be reused.
      if (failure.kind === 'too_large') reply.header('Connection', 'close')
    }
    return reply.code(view.status).send(body(view, request.id))
  }
}

/** 404 for an unknown path, 405 with `Allow` for a known path and another method. Both count against the address. */
export function refuseUnknown(
  app: FastifyInstance,
  table: ReturnType<typeof routeTable>,
  admit: ReturnType<typeof admission>,
): void {
  app.setNotFoundHandler(async (request, reply) => {
    await admit.anonymous(request, reply)
    const methods = table.methodsOf(request.url)
    if (methods.length === 0)
      throw new Failure('not_found', 'There is nothing at this path.', { code: 'ROUTE_NOT_FOUND' })
    const allow = methods.join(', ')
    reply.header('Allow', allow)
    throw new Failure('method_not_allowed', `This path allows only ${allow}.`)
  })
}
