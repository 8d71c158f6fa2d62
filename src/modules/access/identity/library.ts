import { serializeSignedCookie } from 'better-call'
import type { OpenRequest } from '#kernel/calls/route'
import type { Auth } from './better-auth.ts'
import { headersOf } from './caller.ts'
import { AUTH_BASE_PATH } from './endpoints.ts'
import { failureOf } from './library-failure.ts'
import { asRecord } from './untyped.ts'

type From = Pick<OpenRequest, 'requestId' | 'address' | 'headers'>

/** The answer of an endpoint of the auth library. */
export interface LibraryAnswer {
  readonly body: Readonly<Record<string, unknown>>
  /** The cookies that the answer set, as a value for a `Cookie` header. */
  readonly cookie: string
}

/** Calls endpoints of the auth library in this process. The same rules and audit events apply as for a browser. */
export interface Library {
  /** Throws a `Failure` when the library refuses. `cookie` is that of an earlier answer. */
  post(path: string, body: object, from: From, cookie?: string): Promise<LibraryAnswer>
  get(path: string, query: Readonly<Record<string, string>>, from: From): Promise<LibraryAnswer>
  /**
   * Posts for a person who was authenticated without a cookie, with a session that exists only during this call: the
   * library accepts browser sessions only. It still checks the password where an endpoint requires one.
   */
  postAs(person: { userId: string; tenantId: string }, path: string, body: object, from: From): Promise<LibraryAnswer>
}

export function libraryOf(auth: () => Promise<Auth>, publicUrl: () => string): Library {
  const call = async (path: string, init: RequestInit, from: From, cookie?: string): Promise<LibraryAnswer> => {
    const headers = headersOf(from)
    headers.set('origin', new URL(publicUrl()).origin)
    if (init.body !== undefined) headers.set('content-type', 'application/json')
    if (cookie !== undefined) headers.set('cookie', cookie)
    const { handler } = await auth()
    const response = await handler(new Request(`${publicUrl()}${AUTH_BASE_PATH}${path}`, { ...init, headers }))
    const body = asRecord(await response.json().catch(() => undefined))
    if (!response.ok) throw failureOf(response.status, body)
    return { body, cookie: response.headers.getSetCookie().map(pairOf).join('; ') }
  }
  const post: Library['post'] = (path, body, from, cookie) =>
    call(path, { method: 'POST', body: JSON.stringify(body) }, from, cookie)

  return {
    post,
    get: (path, query, from) =>
      call(`${path}?${new URLSearchParams({ ...query }).toString()}`, { method: 'GET' }, from),
    async postAs({ userId, tenantId }, path, body, from) {
      const { internalAdapter, authCookies, secret } = await (await auth()).$context
      const session = await internalAdapter.createSession(userId, false, { activeOrganizationId: tenantId })
      const created = [session.token]
      try {
        const { name } = authCookies.sessionToken
        const answer = await post(path, body, from, pairOf(await serializeSignedCookie(name, session.token, secret)))
        // Some endpoints replace the session that they were called with.
        created.push(...tokensIn(answer.cookie, name))
        return answer
      } finally {
        for (const token of created) await internalAdapter.deleteSession(token)
      }
    },
  }
}

function pairOf(setCookie: string): string {
  return setCookie.split(';', 1)[0] ?? ''
}

function tokensIn(cookie: string, name: string): string[] {
  const values = cookie
    .split('; ')
    .flatMap((pair) => (pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []))
  return values.map((value) => decodeURIComponent(value).split('.', 1)[0] ?? '')
}
