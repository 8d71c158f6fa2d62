import { Failure } from '../failure.ts'

const REDIRECTS = new Set([301, 302, 303, 307, 308])

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status)
}

export function redirected(url: URL): Failure {
  return new Failure('upstream', `The server at ${url.host} answered with a redirect, which is not followed.`)
}
