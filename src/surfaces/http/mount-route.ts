import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { z } from 'zod'
import type { Clock } from '#kernel/clock'
import type { OpenContext } from '#kernel/context'
import type { Principal } from '#kernel/principal'
import { withDeadline } from '#kernel/calls/deadline'
import type { Route } from '#kernel/calls/route'
import type { GuardedRoute } from '#kernel/calls/permission'
import type { Tracing } from '#kernel/telemetry/tracing'
import { dataBody } from './envelope.ts'
import { routeParser } from './merged-input.ts'
import { requestSignal } from './request-signal.ts'
import { routeGuard } from './route-guard.ts'
import type { GuardOptions } from './route-guard.ts'

/** Enough for any form or credential; whoever has not shown a key yet costs no more than this. */
export const GUEST_BODY_BYTES_MAX = 64 * 1024

export interface MountOptions extends GuardOptions {
  readonly openContext: OpenContext
  readonly tracing: Tracing
  readonly clock: Clock
  readonly log: Logger
  readonly publicUrl: string | undefined
  readonly timeoutSeconds: number
  readonly bodyBytesMax: number
  /** Checks every answer against its schema; for tests and development. */
  readonly checkAnswers: boolean
  /** Aborted when a shutdown stops waiting for requests in flight. */
  readonly stopped: AbortSignal
}

/** Mounts a route. Order: credential, limits, scope, body, work within the deadline, envelope. */
export function mountRoute(app: FastifyInstance, route: Route, options: MountOptions): void {
  const { keyInBody } = route
  if (keyInBody !== undefined) {
    void app.register(async (scope) => {
      scope.addContentTypeParser('text/plain', { parseAs: 'string' }, scope.getDefaultJsonParser('ignore', 'ignore'))
      mountIn(scope, route, { ...options, bodyBytesMax: GUEST_BODY_BYTES_MAX })
    })
  } else mountIn(app, route, options)
}

function mountIn(app: FastifyInstance, route: Route, options: MountOptions): void {
  const parse = routeParser(route)
  const guard = routeGuard(route, options)
  app.route({
    method: route.method,
    url: route.path,
    bodyLimit: route.bodyBytesMax ?? options.bodyBytesMax,
    ...(route.keyInBody === undefined
      ? { onRequest: guard.admit }
      : {
          preValidation: async (request: FastifyRequest, reply: FastifyReply) => {
            request.headers.authorization ??= keyOf(request.body, route.keyInBody ?? '')
            await guard.admit(request, reply)
          },
        }),
    handler: async (request, reply) => {
      const principal = guard.principalOf(request)
      const input = parse({ params: request.params, query: request.query, body: request.body })
      const work = () => answer(route, request, reply, principal, input, options)
      const result = await guard.noted(request, principal, work)
      // A change records its own audit event.
      if (route.method === 'GET') guard.note(request, principal, 'ok')
      if (options.checkAnswers) requireShape(route, route.response, result)
      reply.code(route.status ?? 200)
      if (route.contentType !== undefined) reply.type(route.contentType)
      if (route.status === 204) return reply.send()
      return route.envelope === 'bare' ? result : dataBody(result, request.id, options.clock)
    },
  })
}

/** The key in a body, as Basic authentication has it: only API keys are accepted there. */
function keyOf(body: unknown, field: string): string | undefined {
  const key: unknown =
    typeof body === 'object' && body !== null && Object.hasOwn(body, field) ? Reflect.get(body, field) : ''
  return typeof key === 'string' && key !== '' ? `Basic ${Buffer.from(`${key}:`).toString('base64')}` : undefined
}

async function answer(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  principal: Principal,
  input: unknown,
  options: MountOptions,
): Promise<unknown> {
  return requestSignal<unknown>(reply, options.stopped, async (controller) => {
    const ctx = options.openContext(principal, { requestId: request.id, signal: controller.signal })
    const work = async () => route.run(ctx, input)
    const attributes = { 'http.request.method': route.method, 'http.route': route.path }
    return options.tracing.span(
      `${route.method} ${route.path}`,
      attributes,
      () => withDeadline(controller, 'request', options.timeoutSeconds, work),
      request.headers,
    )
  })
}

/** Throws when an answer does not match the response schema of its route. */
export function requireShape({ method, path }: GuardedRoute, response: z.ZodType, result: unknown): void {
  const checked = response.safeParse(result)
  if (checked.success) return
  const where = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  throw new Error(`The answer of ${method} ${path} does not match its own schema: ${where}`)
}
