import { notice } from './field.ts'
import { html } from './html.ts'
import type { Page } from './visit.ts'

const WORDS: Readonly<Record<string, string>> = {
  invalid_client: 'The application that sent you here is not known.',
  client_disabled: 'The application that sent you here is blocked.',
  unauthorized_client: 'The application that sent you here may not do this.',
  invalid_redirect: 'The application wants its answer at an address that it did not register.',
  invalid_signature: 'The request of the application is out of date. Start again there.',
}

/** Where the authorization server sends people whom it cannot send back. Nothing of the query is shown. */
export const errorPage: Page = {
  path: '/error',
  public: 'It says why something did not work, and nothing about anybody.',
  get: async ({ url }) => ({
    title: 'This did not work',
    status: 400,
    body: html`${notice(WORDS[url.searchParams.get('error') ?? ''] ?? 'The request was not right. Start again in the application.', 'bad')}
<p><a href="/account">Go to your account</a></p>`,
  }),
}
