import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { NoteAccess } from '#kernel/audit/access-notes'
import type { Clock } from '#kernel/clock'
import type { OpenContext } from '#kernel/context'
import type { Principal } from '#kernel/principal'
import { withDeadline } from '#kernel/calls/deadline'
import type { Route } from '#kernel/calls/route'
import { requireRoute } from '#kernel/calls/permission'
import type { Tracing } from '#kernel/telemetry/tracing'
import type { admission } from './authorization.ts'
import { dataBody, expectedFailure } from './envelope.ts'
import { mergedParser } from './merged-input.ts'
import { requestParser } from './request-parts.ts'
import type { RequestParts } from './request-parts.ts'
import { requestSignal } from './request-signal.ts'

export interface MountOptions {
  readonly admit: ReturnType<typeof admission>
  readonly openContext: OpenContext
  /** Tells the audit trail who read, or was refused, what. */
  readonly noteAccess?: NoteAccess
  readonly tracing: Tracing
  readonly clock: Clock
  readonly log: Logger
  readonly publicUrl: string | undefined
  readonly timeoutSeconds: number
  readonly bodyBytesMax: number
  /** Compare every answer with its schema; for tests and development. */
  readonly checkAnswers: boolean
  /** Aborted when a stop no longer waits for requests in flight. */
  readonly stopped: AbortSignal
}

/** Serves one route: key, limits, scope, then the body, then its work within the deadline, then the envelope. */
export function mountRoute(app: FastifyInstance, route: Route, options: MountOptions): void {
  const { input: schema } = route
  const parse: (raw: RequestParts) => unknown =
    schema === undefined ? requestParser(route) : mergedParser({ ...route, input: schema })
  const principals = new WeakMap<FastifyRequest, Principal>()
  app.route({
    method: route.method,
    url: route.path,
    bodyLimit: route.bodyBytesMax ?? options.bodyBytesMax,
    onRequest: async (request, reply) => {
      const principal = await options.admit.principal(request, reply, route)
      principals.set(request, principal)
      await noted(route, request, principal, options, () => requireRoute(principal, route))
    },
    handler: async (request, reply) => {
      const principal = principals.get(request)
      if (principal === undefined) throw new Error('a handler ran before its caller was known')
      const input = parse({ params: request.params, query: request.query, body: request.body })
      const work = () => answer(route, request, reply, principal, input, options)
      const result = await noted(route, request, principal, options, work)
      // What changes something leaves its own event.
      if (route.method === 'GET') options.noteAccess?.(principal, request.id, actionOf(route), request.params, 'ok')
      if (options.checkAnswers) requireShape(route, result)
      reply.code(route.status ?? 200)
      if (route.contentType !== undefined) reply.type(route.contentType)
      if (route.status === 204) return reply.send()
      return route.envelope === 'bare' ? result : dataBody(result, request.id, options.clock)
    },
  })
}

const actionOf = ({ method, path }: Route): string => `http.${method} ${path}`

/** Tells the trail when the work fails. */
async function noted<T>(
  route: Route,
  { id, params }: FastifyRequest,
  principal: Principal,
  { noteAccess }: MountOptions,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    noteAccess?.(principal, id, actionOf(route), params, expectedFailure(error)?.kind ?? 'bug')
    throw error
  }
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

function requireShape(route: Route, result: unknown): void {
  const checked = route.response.safeParse(result)
  if (checked.success) return
  const where = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  throw new Error(`The answer of ${route.method} ${route.path} does not match its own schema: ${where}`)
}
