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
  /** The person whose session cookie these headers carry. */
  readonly sessionPrincipal: (headers: Headers) => Promise<Principal | undefined>
}

/** The API as the person before a page may use it: the same routes, scopes and checks as with a token. */
export interface Rest {
  readonly principal: Principal
  /** Calls the route; its answer is read with the shape. Throws what the route throws. */
  call<T>(method: Route['method'], path: string, shape: z.ZodType<T>, parts?: Parts): Promise<T>
}

interface Parts {
  readonly params?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
}

/** Runs the work for whoever is signed in and belongs to an organisation; others are sent to sign in. */
export function withRest(parts: RestParts) {
  const find = (method: string, path: string): Route => {
    const route = parts.routes.find((each) => each.method === method && each.path === path)
    if (route === undefined) throw new Error(`A page calls ${method} ${path}, which nobody serves.`)
    return route
  }
  return async (visit: Visit, work: (rest: Rest) => Promise<PageAnswer>): Promise<PageAnswer> => {
    const principal = await parts.sessionPrincipal(new Headers({ cookie: visit.jar.header() }))
    if (principal === undefined) return (await personOf(visit)) === undefined ? signInFirst(visit) : nowhere(visit)
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

/** For who left every organisation: there is nothing to show them. */
function nowhere(visit: Visit): PageAnswer {
  return {
    title: 'You are in no organisation',
    status: 403,
    body: html`${notice('Ask somebody of your organisation to invite you again.', 'bad')}
<form method="post" action="/sign-out">${visit.token()}<div class="actions"><button>Sign out</button></div></form>`,
  }
}

/** What a failure says about the fields of a form, by their names there. */
export function fieldProblems(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof Failure) || error.status >= 500 || error.kind === 'rate_limited') throw error
  const beside: readonly [string, string][] = error.problems.map(({ path, expected }) => [
    path.replace(/^body\./, '').replace(/[.[].*$/, ''),
    `Expected: ${expected}.`,
  ])
  return beside.length > 0 ? Object.fromEntries<string>(beside) : { form: error.message }
}
