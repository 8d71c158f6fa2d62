import { Failure } from '#kernel/failure'
import type { IdentityAnswer } from './identity.ts'
import { textOf } from './identity.ts'

const OWN_PATHS = /^\/(account(\/[a-z]+)?|invitation|consent|sign-in|verify-email)(\?|$)/

/** Where to go after signing in: a page of ours that the link named, else the account. */
export function nextPath(url: URL): string {
  return ownPath(url.searchParams.get('next'), '/account')
}

/** The path when it is one of our pages, else the other. Another site is no answer, however it is written. */
function ownPath(path: string | null, otherwise: string): string {
  return path !== null && OWN_PATHS.test(path) && !/[\\\p{Cc}]/u.test(path) ? path : otherwise
}

/**
 * The request of an OAuth client as our authorization server signed it, to be handed back with the step that was taken;
 * undefined when the page was opened without one. Parameters that are not signed are left out.
 */
export function signedQuery(url: URL): string | undefined {
  const names = new Set(url.searchParams.getAll('ba_param'))
  if (!url.searchParams.has('sig') || names.size === 0) return undefined
  const signed = [...url.searchParams].filter(([name]) => name === 'sig' || name === 'ba_param' || names.has(name))
  return new URLSearchParams(signed).toString()
}

/** The query of this page, for links to the pages beside it. */
export function kept(url: URL): string {
  const query = signedQuery(url)
  if (query !== undefined) return `?${query}`
  const next = url.searchParams.get('next')
  return next !== null && ownPath(next, '') !== '' ? `?${new URLSearchParams({ next }).toString()}` : ''
}

/** Where the client waits for the person, as a Content-Security-Policy names it. */
export function clientTarget(url: URL): string | undefined {
  const text = signedQuery(url) === undefined ? null : url.searchParams.get('redirect_uri')
  if (text === null || !URL.canParse(text)) return undefined
  const target = new URL(text)
  // A policy cannot name an IPv6 address.
  if (target.hostname.startsWith('[')) return target.protocol
  if (target.protocol === 'https:' || target.protocol === 'http:') return target.origin
  return /^(javascript|data|vbscript|blob|file):$/.test(target.protocol) ? undefined : target.protocol
}

/**
 * Where our authorization server wants the person next: a page of ours, or the client that asked. Undefined when it says
 * nothing. Anything else is refused, so that no answer can make this site send people elsewhere.
 */
export function continuationOf({ body }: IdentityAnswer, url: URL, base: string): string | undefined {
  const text = textOf(body['url']) || textOf(body['redirect_uri'])
  if (text === '') return undefined
  const next = new URL(text, base)
  if (next.origin === new URL(base).origin) return `${next.pathname}${next.search}`
  const asked = url.searchParams.get('redirect_uri')
  if (asked !== null && clientTarget(url) !== undefined && withoutQuery(next) === withoutQuery(new URL(asked))) {
    return next.href
  }
  throw new Failure('forbidden', 'The application asked to be answered at an address it did not register.')
}

function withoutQuery({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`
}
