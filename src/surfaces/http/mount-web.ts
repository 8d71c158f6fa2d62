import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { withDeadline } from '#kernel/calls/deadline'
import type { WebMount } from '#kernel/calls/route'
import { expectedFailure } from './envelope.ts'
import { addHeader, webHeaders } from './mount-open-route.ts'
import { GUEST_BODY_BYTES_MAX } from './mount-route.ts'
import type { MountOptions } from './mount-route.ts'
import { requestSignal } from './request-signal.ts'

/** Mounts a handler of web `Request` and `Response` objects; the body arrives as raw bytes. */
export function mountWeb(app: FastifyInstance, mount: WebMount, options: MountOptions): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    const { refuse } = mount
    if (refuse !== undefined) {
      scope.setErrorHandler(async (error, _request, reply) => {
        const failure = expectedFailure(error)
        if (failure === undefined || failure.status >= 500) throw error
        if (failure.retryAfterSeconds !== undefined) reply.header('Retry-After', Math.ceil(failure.retryAfterSeconds))
        return send(reply, refuse(failure))
      })
    }
    scope.route({
      method: [...mount.methods],
      url: mount.path,
      bodyLimit: GUEST_BODY_BYTES_MAX,
      onRequest: guests(mount, options),
      handler: async (request, reply) => {
        const response = await requestSignal(reply, options.stopped, (controller) =>
          withDeadline(controller, 'request', options.timeoutSeconds, () => {
            const { signal } = controller
            const from = { requestId: request.id, address: request.ip, signal }
            return mount.answer(webRequest(request, options, signal), from)
          }),
        )
        return send(reply, response)
      },
    })
  })
}

/** Matches the session cookie of the auth library; its validity is checked later. */
const SESSION_COOKIE = /(?:^|;\s*)(?:__Secure-|__Host-)?plimsoll\.session_token=/

/**
 * The limit class of a request. Reading a page that takes credentials is not an attempt to sign in, so it is not strict.
 * A request with a session cookie has the address's own limit, so a made-up cookie gains no more than that.
 */
function guests({ limit, path }: WebMount, { admit }: MountOptions) {
  const [reading, sending] = [admit.guest(limit === 'strict' ? 'lenient' : limit, path), admit.guest(limit, path)]
  const readingSignedIn = admit.guest('flood', path)
  return (request: FastifyRequest, reply: FastifyReply) => {
    if (request.method === 'POST') return sending(request, reply)
    const isSignedIn = limit !== 'default' && SESSION_COOKIE.test(request.headers.cookie ?? '')
    return (isSignedIn ? readingSignedIn : reading)(request, reply)
  }
}

function webRequest(request: FastifyRequest, { publicUrl }: MountOptions, signal: AbortSignal): Request {
  const base = publicUrl ?? `http://${request.host}`
  const body = request.body instanceof Buffer && request.body.length > 0 ? new Uint8Array(request.body) : null
  return new Request(new URL(request.originalUrl, base), {
    method: request.method,
    headers: webHeaders(request),
    signal,
    ...(request.method !== 'GET' && request.method !== 'HEAD' && body !== null && { body }),
  })
}

async function send(reply: FastifyReply, response: Response): Promise<FastifyReply> {
  reply.code(response.status)
  for (const [name, value] of response.headers) if (name !== 'content-length') addHeader(reply, name, value)
  return reply.send(Buffer.from(await response.arrayBuffer()))
}
