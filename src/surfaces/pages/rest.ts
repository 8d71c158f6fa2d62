import type { z } from 'zod'
import type { OpenContext } from '#kernel/context'
import type { Principal } from '#kernel/principal'
import { Failure } from '#kernel/failure'
import { requireRoute } from '#kernel/calls/permission'
import type { Route } from '#kernel/calls/route'
import { routeParser } from '../http/merged-input.ts'
import { html } from './html.ts'
import { notice } from './field.ts'
import { personOf, signInFirst } from './session.ts'
import type { PageAnswer, Visit } from './visit.ts'

export interface RestParts {
  readonly routes: readonly Route[]
  readonly openContext: OpenContext
  /** The principal of the session cookie in these headers. */
  readonly sessionPrincipal: (headers: Headers) => Promise<Principal | undefined>
}

/** The REST API, called in-process as the signed-in person: the same routes, scopes and checks as with a token. */
export interface Rest {
  readonly principal: Principal
  /** Calls the route and parses its answer with the schema. Throws what the route throws. */
  call<T>(method: Route['method'], path: string, shape: z.ZodType<T>, parts?: Parts): Promise<T>
}

interface Parts {
  readonly params?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
}

/** Wraps page handlers that need a signed-in member of an organisation; everybody else is sent to the sign-in page. */
export function withRest(parts: RestParts) {
  const find = (method: string, path: string): Route => {
    const route = parts.routes.find((each) => each.method === method && each.path === path)
    if (route === undefined) throw new Error(`A page calls ${method} ${path}, but no module has this route.`)
    return route
  }
  return async (visit: Visit, work: (rest: Rest) => Promise<PageAnswer>): Promise<PageAnswer> => {
    const principal = await parts.sessionPrincipal(new Headers({ cookie: visit.jar.header() }))
    if (principal === undefined)
      return (await personOf(visit)) === undefined ? signInFirst(visit) : noOrganisation(visit)
    const { requestId, signal } = visit
    return work({
      principal,
      async call(method, path, shape, { params = {}, body } = {}) {
        const route = find(method, path)
        requireRoute(principal, route)
        const input = routeParser(route)({ params, query: {}, body })
        return shape.parse(await route.run(parts.openContext(principal, { requestId, signal }), input))
      },
    })
  }
}

/** The page for people who belong to no organisation any more. */
function noOrganisation(visit: Visit): PageAnswer {
  return {
    title: 'You are not a member of an organisation',
    status: 403,
    body: html`${notice('Ask a member of your organisation to invite you again.', 'bad')}
<form method="post" action="/sign-out">${visit.token()}<div class="actions"><button>Sign out</button></div></form>`,
  }
}

/** Turns a failure of the API into error texts of the form's fields; rethrows what the person did not cause. */
export function fieldProblems(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof Failure) || error.status >= 500 || error.kind === 'rate_limited') throw error
  const beside: readonly [string, string][] = error.problems.map(({ path, expected }) => [
    path.replace(/^body\./, '').replace(/[.[].*$/, ''),
    `Expected: ${expected}.`,
  ])
  return beside.length > 0 ? Object.fromEntries<string>(beside) : { form: error.message }
}
