import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { withDeadline } from '#kernel/calls/deadline'
import type { OpenRequest, OpenRoute } from '#kernel/calls/route'
import { dataBody } from './envelope.ts'
import { requestSignal } from './request-signal.ts'
import { GUEST_BODY_BYTES_MAX } from './mount-route.ts'
import type { MountOptions } from './mount-route.ts'
import { requestParser } from './request-parts.ts'

/** Mounts a public route: limit per address, then body, work and envelope. */
export function mountOpenRoute(app: FastifyInstance, route: OpenRoute, options: MountOptions): void {
  const parse = requestParser(route)
  app.route({
    method: route.method,
    url: route.path,
    bodyLimit: route.bodyBytesMax ?? GUEST_BODY_BYTES_MAX,
    onRequest: options.admit.guest(route.limit, route.path),
    handler: async (request, reply) => {
      const input = parse({ params: request.params, query: request.query, body: request.body })
      const answer = await requestSignal(reply, options.stopped, (controller) =>
        withDeadline(controller, 'request', options.timeoutSeconds, () =>
          route.run(openRequest(request, controller.signal, options), input),
        ),
      )
      for (const [name, value] of answer.headers ?? []) addHeader(reply, name, value)
      reply.code(answer.status ?? route.status ?? 200)
      return route.envelope === 'bare' ? answer.body : dataBody(answer.body, request.id, options.clock)
    },
  })
}

function openRequest(request: FastifyRequest, signal: AbortSignal, { clock, log }: MountOptions): OpenRequest {
  const { id: requestId, ip: address } = request
  return { requestId, address, signal, clock, log: log.child({ requestId }), headers: webHeaders(request) }
}

/** The headers of a request as a web `Headers` object. */
export function webHeaders(request: FastifyRequest): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    for (const one of [value].flat()) if (one !== undefined) headers.append(name, one)
  }
  return headers
}

/** Adds a response header; each `Set-Cookie` stays a line of its own. */
export function addHeader(reply: FastifyReply, name: string, value: string): void {
  if (name.toLowerCase() !== 'set-cookie') reply.header(name, value)
  else reply.header(name, [reply.getHeader(name) ?? []].flat().map(String).concat(value))
}
