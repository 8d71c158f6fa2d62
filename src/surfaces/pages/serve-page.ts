import { Failure } from '#kernel/failure'
import type { Clock } from '#kernel/clock'
import type { LimitClass, WebMount } from '#kernel/calls/route'
import { cookieJar } from './cookies.ts'
import type { CookieJar } from './cookies.ts'
import { CSRF_FIELD } from './csrf.ts'
import type { csrf } from './csrf.ts'
import { notice } from './field.ts'
import { html } from './html.ts'
import { identityOf } from './identity.ts'
import type { IdentityWeb } from './identity.ts'
import { layout } from './layout.ts'
import type { Page, PageAnswer, Visit } from './visit.ts'

export interface PageParts {
  readonly identityWeb: IdentityWeb
  readonly forms: ReturnType<typeof csrf>
  /** The public URL, known once the server listens. */
  readonly publicUrl: () => string
  readonly stylesheet: string
  readonly clock: Clock
  readonly writesMails: boolean
}

type From = Parameters<WebMount['answer']>[1]

/** Mounts a page on the HTTP surface: checks its forms, renders failures as pages, and sets the security headers. */
export function servePage(page: Page, parts: PageParts): WebMount[] {
  const mount = (method: 'GET' | 'POST', limit: LimitClass, work: Work): WebMount => ({
    name: `${method === 'GET' ? 'page' : 'form'} ${page.path}`,
    methods: [method],
    path: page.path,
    public: page.public,
    limit,
    answer: (request, from) => answerOf(request, from, parts, work),
    refuse: refusalPage(parts.stylesheet),
  })
  const { post } = page
  const shown = mount('GET', 'lenient', (visit) => page.get(visit))
  if (post === undefined) return [shown]
  const sent: Work = async (visit, request) => post(visit, await formOf(request, visit, parts))
  return [shown, mount('POST', page.credentials === true ? 'strict' : 'default', sent)]
}

/** Answers a request that was refused before its handler ran. */
export const refusalPage =
  (stylesheet: string) =>
  (failure: Failure): Response =>
    respond(failurePage(failure), cookieJar(null), stylesheet)

type Work = (visit: Visit, request: Request) => Promise<PageAnswer>

async function answerOf(request: Request, from: From, parts: PageParts, work: Work): Promise<Response> {
  const jar = cookieJar(request.headers.get('cookie'))
  let answer: PageAnswer
  try {
    answer = await work(visitOf(request, from, jar, parts), request)
  } catch (error) {
    // Anything else is a bug, which the HTTP surface logs.
    if (!(error instanceof Failure) || error.kind === 'cancelled') throw error
    answer = failurePage(error)
  }
  return respond(answer, jar, parts.stylesheet)
}

function visitOf(request: Request, from: From, jar: CookieJar, parts: PageParts): Visit {
  const base = parts.publicUrl()
  const userAgent = request.headers.get('user-agent') ?? ''
  return {
    url: new URL(request.url),
    base,
    jar,
    identity: identityOf({ web: parts.identityWeb, jar, base, from, userAgent }),
    requestId: from.requestId,
    signal: from.signal,
    token: () => html`<input type="hidden" name="${CSRF_FIELD}" value="${parts.forms.token(jar)}">`,
    now: parts.clock(),
    writesMails: parts.writesMails,
  }
}

async function formOf(request: Request, visit: Visit, { forms }: PageParts): Promise<URLSearchParams> {
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded')
    throw new Failure('unsupported', 'This page expects a form: content type application/x-www-form-urlencoded.')
  const form = new URLSearchParams(await request.text())
  forms.require(request, visit.jar, form.get(CSRF_FIELD) ?? '')
  return form
}

function failurePage(failure: Failure): PageAnswer {
  if (failure.kind === 'rate_limited') return tooMany(failure)
  return {
    title: failure.status >= 500 ? 'Temporarily unavailable' : 'Something went wrong',
    status: failure.status,
    body: html`${notice(failure.message, 'bad')}<p><a href="/account">Go to your account</a></p>`,
  }
}

function tooMany({ status, retryAfterSeconds = 60 }: Failure): PageAnswer {
  const text = `Too many requests from your network. Try again in ${Math.ceil(retryAfterSeconds)} seconds.`
  return { title: 'Too many requests', status, body: notice(text, 'bad') }
}

function respond(answer: PageAnswer, jar: CookieJar, stylesheet: string): Response {
  const headers = new Headers({ 'cache-control': 'no-store', 'referrer-policy': 'same-origin' })
  for (const line of jar.lines) headers.append('set-cookie', line)
  if ('goTo' in answer) {
    headers.set('location', answer.goTo)
    return new Response(null, { status: 303, headers })
  }
  headers.set('content-type', 'text/html; charset=utf-8')
  headers.set('content-security-policy', policy(answer.leadsTo))
  return new Response(layout(answer, stylesheet), { status: answer.status ?? 200, headers })
}

/** Forbids scripts, frames and foreign content. Browsers apply `form-action` to redirects too, so the client's is listed. */
function policy(leadsTo: string | undefined): string {
  const forms = leadsTo === undefined ? "'self'" : `'self' ${leadsTo}`
  return `default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action ${forms}`
}
