import { randomUUID } from 'node:crypto'
import type { LimitClass, OpenRequest, WebMount } from '#kernel/calls/route'
import { Failure } from '#kernel/failure'
import type { Around } from '../oauth/around.ts'
import type { Auth } from './better-auth.ts'
import { callerOf } from './caller.ts'
import { ConfirmEmailInput } from './confirm-email.ts'
import type { ConfirmEmail } from './confirm-email.ts'
import { requestProblem } from './request-check.ts'
import { ADDRESS_HEADER, AUTH_BASE_PATH, REQUEST_ID_HEADER } from './endpoints.ts'

/** Answers a request to `/auth/…`, from outside or from a page of ours. */
export type IdentityWeb = (
  request: Request,
  from?: Pick<OpenRequest, 'requestId' | 'address' | 'signal'>,
) => Promise<Response>

/** Confirms an address with the token of the link and the password; not by the library's own GET, which takes the token alone. */
const CONFIRM = '/verify-email'

/** The endpoint that a client opens in the person's browser. */
const AUTHORIZE = '/oauth2/authorize'

/** The library's endpoints that can be called; all others, and those that an upgrade adds, answer 404. */
const STRICT = [
  '/sign-in/email',
  '/sign-up/email',
  '/send-verification-email',
  CONFIRM,
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

/**
 * Endpoints that MCP hosts call for thousands of people from a few addresses, with secrets that cannot be guessed, and
 * the one that everybody in an office opens from one address, which guards no secret.
 */
const CALLED_BY_MANY: ReadonlySet<string> = new Set(['/oauth2/token', '/oauth2/revoke', AUTHORIZE])

/** The paths under `/auth` as mounts; `more` are those of further plugins, such as the authorization server's. */
export function identityMounts(web: IdentityWeb, more: readonly string[]): WebMount[] {
  const mount = (path: string, limit: LimitClass): WebMount => ({
    name: `auth${path}`,
    methods: ['GET', 'POST'],
    path: `${AUTH_BASE_PATH}${path}`,
    public: 'the auth library checks the session cookie itself, where it needs one',
    limit,
    isPage: path === AUTHORIZE,
    answer: web,
  })
  return [
    ...STRICT.map((path) => mount(path, 'strict')),
    ...LENIENT.map((path) => mount(path, 'lenient')),
    mount('/jwks', 'flood'),
    ...more.map((path) => mount(path, CALLED_BY_MANY.has(path) ? 'flood' : 'default')),
  ]
}

/** Further endpoints of the library, and what wraps them, by path. */
export interface MoreEndpoints {
  readonly paths: readonly string[]
  readonly around: ReadonlyMap<string, Around>
}

/** Passes requests to the library, with the address and request id that we determined, not those of the caller. */
export function identityWeb(
  auth: () => Promise<Auth>,
  confirm: ConfirmEmail,
  { paths: more, around }: MoreEndpoints,
): IdentityWeb {
  const open = new Set([...STRICT, ...LENIENT, '/jwks', ...more].map((path) => `${AUTH_BASE_PATH}${path}`))
  return async (request, from) => {
    const url = new URL(request.url)
    if (!open.has(url.pathname)) return new Response(null, { status: 404 })
    const headers = new Headers(request.headers)
    headers.set(ADDRESS_HEADER, from?.address ?? '')
    headers.set(REQUEST_ID_HEADER, from?.requestId ?? randomUUID())
    const path = url.pathname.slice(AUTH_BASE_PATH.length)
    const body = request.method === 'POST' ? await request.text() : ''
    const problem = requestProblem(path, request, body)
    if (problem !== undefined) return Response.json({ code: 'INVALID_BODY', message: problem }, { status: 400 })
    const sent = new Request(url, {
      method: request.method,
      headers,
      ...(body !== '' && { body }),
      ...(from !== undefined && { signal: from.signal }),
    })
    if (path === CONFIRM) return confirmed(confirm, sent)
    const { handler } = await auth()
    const wrap = around.get(path)
    return wrap === undefined ? handler(sent) : wrap(sent, handler)
  }
}

async function confirmed(confirm: ConfirmEmail, request: Request): Promise<Response> {
  if (request.method !== 'POST') return new Response(null, { status: 404 })
  const input = ConfirmEmailInput.safeParse(await request.json().catch(() => undefined))
  if (!input.success) {
    return Response.json({ code: 'INVALID_BODY', message: 'Send `token` and `password` as JSON.' }, { status: 400 })
  }
  try {
    return Response.json({
      email: await confirm(input.data, { ...callerOf(request.headers), headers: request.headers }),
    })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { status, code, message, retryAfterSeconds } = error
    const headers = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }
    return Response.json({ code, message }, { status, headers })
  }
}
