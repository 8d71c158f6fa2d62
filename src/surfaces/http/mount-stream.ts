import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { StreamRoute } from '#kernel/calls/stream-route'
import { errorAnswers } from './errors.ts'
import type { MountOptions } from './mount-route.ts'
import { pickHeaders, requestParser } from './request-parts.ts'
import { requestSignal } from './request-signal.ts'
import { routeGuard } from './route-guard.ts'
import { serveStream } from './serve-stream.ts'
import type { StreamOptions } from './serve-stream.ts'

/** Mounts a streaming route. Order: credential, limits, scope, body, then its events with backpressure. */
export function mountStream(app: FastifyInstance, route: StreamRoute, options: MountOptions & StreamOptions): void {
  const parse = requestParser(route)
  const guard = routeGuard(route, options)
  const attributes = { 'http.request.method': route.method, 'http.route': route.path }
  void app.register(async (scope) => {
    const bytesOf = keepBytes(scope)
    scope.setErrorHandler(errorAnswers(options, (view, requestId) => route.errorBody({ ...view, requestId })))
    scope.route({
      method: route.method,
      url: route.path,
      // A HEAD would do all the work and send nothing.
      exposeHeadRoute: false,
      bodyLimit: route.bodyBytesMax ?? options.bodyBytesMax,
      onRequest: guard.admit,
      handler: async (request, reply) => {
        const principal = guard.principalOf(request)
        const { params, query, body } = request
        const headers = pickHeaders(route.headers, request.headers)
        const input = { ...parse({ params, query, headers, body }), bytes: bytesOf(request) }
        const work = () =>
          requestSignal<unknown>(reply, options.stopped, async (controller) => {
            const ctx = options.openContext(principal, { requestId: request.id, signal: controller.signal })
            const serve = () => serveStream(route, { request, reply, controller, options }, () => route.run(ctx, input))
            return options.tracing.span(`${route.method} ${route.path}`, attributes, serve, request.headers)
          })
        try {
          const json = await guard.noted(request, principal, work)
          // A stream is recorded whatever its method: it need not contain a change, which records itself.
          guard.note(request, principal, 'ok')
          return json ?? reply
        } catch (error) {
          // Safe because an opened stream has already sent the failure as its last event.
          if (reply.sent) return reply
          throw error
        }
      },
    })
  })
}

/** Parses a JSON body like other routes and keeps its raw bytes. */
function keepBytes(scope: FastifyInstance): (request: FastifyRequest) => Uint8Array {
  const kept = new WeakMap<FastifyRequest, Uint8Array>()
  const parseJson = scope.getDefaultJsonParser('error', 'error')
  scope.removeContentTypeParser('application/json')
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    kept.set(request, body)
    void parseJson(request, body.toString('utf8'), done)
  })
  return (request) => kept.get(request) ?? new Uint8Array()
}
