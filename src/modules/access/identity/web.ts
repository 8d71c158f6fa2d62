import { randomUUID } from 'node:crypto'
import type { LimitClass, OpenRequest, WebMount } from '#kernel/calls/route'
import type { Auth } from './better-auth.ts'
import { ADDRESS_HEADER, AUTH_BASE_PATH, REQUEST_ID_HEADER } from './endpoints.ts'

/** Answers a request to `/auth/…`, from outside or from a page of ours. */
export type IdentityWeb = (
  request: Request,
  from?: Pick<OpenRequest, 'requestId' | 'address' | 'signal'>,
) => Promise<Response>

/** The library's endpoints that can be called; all others, and those that an upgrade adds, answer 404. */
const STRICT = [
  '/sign-in/email',
  '/sign-up/email',
  '/send-verification-email',
  '/verify-email',
  '/request-password-reset',
  '/reset-password',
  '/change-password',
  '/two-factor/enable',
  '/two-factor/disable',
  '/two-factor/verify-totp',
  '/two-factor/verify-backup-code',
  '/two-factor/generate-backup-codes',
]
const LENIENT = ['/sign-out', '/get-session', '/organization/list', '/organization/set-active']

/** Endpoints that MCP hosts call for thousands of people from a few addresses, with secrets that cannot be guessed. */
const CALLED_BY_HOSTS: ReadonlySet<string> = new Set(['/oauth2/token', '/oauth2/revoke'])

/** The paths under `/auth` as mounts; `more` are those of further plugins, such as the authorization server's. */
export function identityMounts(web: IdentityWeb, more: readonly string[]): WebMount[] {
  const mount = (path: string, limit: LimitClass): WebMount => ({
    name: `auth${path}`,
    methods: ['GET', 'POST'],
    path: `${AUTH_BASE_PATH}${path}`,
    public: 'the auth library checks the session cookie itself, where it needs one',
    limit,
    answer: web,
  })
  return [
    ...STRICT.map((path) => mount(path, 'strict')),
    mount('/verify/*', 'strict'),
    ...LENIENT.map((path) => mount(path, 'lenient')),
    mount('/jwks', 'flood'),
    ...more.map((path) => mount(path, CALLED_BY_HOSTS.has(path) ? 'flood' : 'default')),
  ]
}

/** Passes requests to the library, with the address and request id that we determined, not those of the caller. */
export function identityWeb(auth: () => Promise<Auth>, more: readonly string[]): IdentityWeb {
  const open = new Set([...STRICT, ...LENIENT, '/jwks', ...more].map((path) => `${AUTH_BASE_PATH}${path}`))
  return async (request, from) => {
    const { handler } = await auth()
    const url = new URL(request.url)
    const link = /^\/auth\/verify\/([^/]+)$/.exec(url.pathname)?.[1]
    if (link !== undefined && request.method === 'GET') {
      url.pathname = `${AUTH_BASE_PATH}/verify-email`
      url.search = new URLSearchParams({
        token: decodeURIComponent(link),
        callbackURL: '/sign-in?verified=1',
      }).toString()
    } else if (!open.has(url.pathname)) {
      return new Response(null, { status: 404 })
    }
    const headers = new Headers(request.headers)
    headers.set(ADDRESS_HEADER, from?.address ?? '')
    headers.set(REQUEST_ID_HEADER, from?.requestId ?? randomUUID())
    const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
    const body = hasBody ? await request.arrayBuffer() : undefined
    return handler(
      new Request(url, {
        method: request.method,
        headers,
        ...(body !== undefined && { body }),
        ...(from !== undefined && { signal: from.signal }),
      }),
    )
  }
}
