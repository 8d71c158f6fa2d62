import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { PageAnswer, Visit } from '../visit.ts'

const LINKS = [
  ['/account', 'Account'],
  ['/account/applications', 'Applications'],
  ['/account/keys', 'API keys'],
  ['/account/security', 'Security'],
  ['/account/people', 'People'],
] as const

export interface Framed {
  readonly title: string
  readonly body: Html
  readonly status?: number
}

/** A page for people who are signed in: its content, with the account navigation and a sign-out button. */
export function framed({ url, token }: Visit, page: Framed): PageAnswer {
  const links = LINKS.map(
    ([path, label]) =>
      html`<li><a href="${path}"${path === url.pathname && html` aria-current="page"`}>${label}</a></li>`,
  )
  return {
    ...page,
    width: 'wide',
    menu: html`<nav aria-label="Account"><ul>${links}</ul></nav>
<form method="post" action="/sign-out">${token()}<button class="link">Sign out</button></form>`,
  }
}

/** A `<time>` element: `21 Nov 2026, 03:40 UTC` as text, the exact time in `datetime`. */
export function time(iso: string): Html {
  const date = new Date(iso)
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })
  return html`<time datetime="${date.toISOString()}">${day}, ${date.toISOString().slice(11, 16)} UTC</time>`
}
