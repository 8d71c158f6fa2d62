import { Failure } from '#kernel/failure'
import type { OpenRequest } from '#kernel/calls/route'
import type { CookieJar } from './cookies.ts'

/** The auth library's request handler, called in-process. */
export type IdentityWeb = (request: Request, from: Caller) => Promise<Response>

type Caller = Pick<OpenRequest, 'requestId' | 'address' | 'signal'>

/** A response of the auth library, parsed. */
export interface IdentityAnswer {
  readonly ok: boolean
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  /** The entries, when the body is a JSON array. */
  readonly list: readonly Readonly<Record<string, unknown>>[]
  /** The error code, such as `INVALID_TOKEN`; empty on success. */
  readonly code: string
  /** The error text to show; empty on success. */
  readonly message: string
}

export interface Identity {
  get(path: string, query?: Readonly<Record<string, string>>): Promise<IdentityAnswer>
  post(path: string, body: Readonly<Record<string, unknown>>): Promise<IdentityAnswer>
}

export interface IdentityVisit {
  readonly web: IdentityWeb
  readonly jar: CookieJar
  /** The public URL, sent as the origin that the library trusts; the page has checked the form's own origin already. */
  readonly base: string
  readonly from: Caller
  readonly userAgent: string
}

/** A client of the auth library's endpoints for one page request; cookies they set go to the jar. */
export function identityOf({ web, jar, base, from, userAgent }: IdentityVisit): Identity {
  const call = async (path: string, init: RequestInit): Promise<IdentityAnswer> => {
    const headers = new Headers(init.headers)
    headers.set('origin', new URL(base).origin)
    headers.set('accept', 'application/json')
    headers.set('user-agent', userAgent)
    const cookies = jar.header()
    if (cookies !== '') headers.set('cookie', cookies)
    const response = await web(new Request(`${base}/auth${path}`, { ...init, headers }), from)
    for (const line of response.headers.getSetCookie()) jar.take(line)
    return answerOf(response)
  }
  return {
    get: (path, query = {}) => {
      const search = new URLSearchParams(query).toString()
      return call(search === '' ? path : `${path}?${search}`, { method: 'GET' })
    },
    post: (path, body) =>
      call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  }
}

async function answerOf(response: Response): Promise<IdentityAnswer> {
  const parsed = parse(await response.text())
  const body = isRecord(parsed) ? parsed : {}
  if (response.status >= 500) {
    const isMail = body['code'] === 'MAIL_UNAVAILABLE'
    throw new Failure(
      'unavailable',
      isMail ? textOf(body['message']) : 'Sign-in is temporarily unavailable. Try again in a few minutes.',
    )
  }
  const list = Array.isArray(parsed) ? parsed.filter(isRecord) : []
  const { ok, status } = response
  if (ok || (status >= 300 && status < 400)) {
    const location = response.headers.get('location')
    return {
      ok: true,
      status,
      body: location === null ? body : { ...body, url: location },
      list,
      code: '',
      message: '',
    }
  }
  if (status === 429) {
    const retryAfterSeconds = Number(response.headers.get('x-retry-after') ?? response.headers.get('retry-after') ?? 60)
    throw new Failure('rate_limited', 'Too many attempts. Wait a moment and try again.', { retryAfterSeconds })
  }
  const nested = isRecord(body['error']) ? body['error'] : body
  // The OAuth endpoints of the library report errors in the format of RFC 6749.
  const code = textOf(nested['code']) || textOf(body['error'])
  return { ok, status, body, list, code, message: textOf(nested['message']) || textOf(body['error_description']) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Safe because a response without JSON is judged by its status alone.
    return undefined
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value when it is text, else an empty text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
