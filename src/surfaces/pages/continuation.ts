import { Failure } from '#kernel/failure'
import type { IdentityAnswer } from './identity.ts'
import { textOf } from './identity.ts'
import type { Visit } from './visit.ts'

const OWN_PATHS = /^\/(account(\/[a-z]+)?|invitation|consent|sign-in|verify-email)(\?|$)/

/** The path to open after sign-in: `next` when it is a page of this server, else `/account`. */
export function nextPath(url: URL): string {
  return ownPath(url.searchParams.get('next'), '/account')
}

/** The path when it is a page of this server, else the fallback. Prevents open redirects, in every spelling of a URL. */
function ownPath(path: string | null, fallback: string): string {
  return path !== null && OWN_PATHS.test(path) && !/[\\\p{Cc}]/u.test(path) ? path : fallback
}

/**
 * The signed parameters of an OAuth authorization request, which each step passes back to the authorization server.
 * Undefined when the page was opened without such a request. Parameters that are not signed are left out.
 */
export function signedQuery(url: URL): string | undefined {
  const names = new Set(url.searchParams.getAll('ba_param'))
  if (!url.searchParams.has('sig') || names.size === 0) return undefined
  const signed = [...url.searchParams].filter(([name]) => name === 'sig' || name === 'ba_param' || names.has(name))
  return new URLSearchParams(signed).toString()
}

/** The query to append to links between sign-in pages: the OAuth request, or `next`. */
export function kept(url: URL): string {
  const query = signedQuery(url)
  if (query !== undefined) return `?${query}`
  const next = url.searchParams.get('next')
  return next !== null && ownPath(next, '') !== '' ? `?${new URLSearchParams({ next }).toString()}` : ''
}

/**
 * The client's redirect target as a Content-Security-Policy source: an origin, or a scheme. Undefined unless the
 * authorization server signed the request, so that nobody else chooses where a form of this server may lead.
 */
export async function clientTarget({ url, identity }: Pick<Visit, 'url' | 'identity'>): Promise<string | undefined> {
  const [query, client] = [signedQuery(url), url.searchParams.get('client_id')]
  if (query === undefined || client === null) return undefined
  const { ok } = await identity.post('/oauth2/public-client-prelogin', { client_id: client, oauth_query: query })
  return ok ? targetOf(url) : undefined
}

function targetOf(url: URL): string | undefined {
  const text = signedQuery(url) === undefined ? null : url.searchParams.get('redirect_uri')
  if (text === null || !URL.canParse(text)) return undefined
  const target = new URL(text)
  // A policy cannot name an IPv6 address.
  if (target.hostname.startsWith('[')) return target.protocol
  if (target.protocol === 'https:' || target.protocol === 'http:') return target.origin
  return /^(javascript|data|vbscript|blob|file):$/.test(target.protocol) ? undefined : target.protocol
}

/**
 * The next URL that the authorization server names: a page of this server, or the redirect URI of the client. Undefined
 * when it names none. Throws `Failure('forbidden')` for any other URL, so that no answer becomes an open redirect.
 */
export function continuationOf({ body }: IdentityAnswer, url: URL, base: string): string | undefined {
  const text = textOf(body['url']) || textOf(body['redirect_uri'])
  if (text === '') return undefined
  const next = new URL(text, base)
  if (next.origin === new URL(base).origin) return `${next.pathname}${next.search}`
  const asked = url.searchParams.get('redirect_uri')
  if (asked !== null && targetOf(url) !== undefined && withoutQuery(next) === withoutQuery(new URL(asked))) {
    return next.href
  }
  throw new Failure('forbidden', 'The application asked for a redirect to an address that it did not register.')
}

function withoutQuery({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`
}
