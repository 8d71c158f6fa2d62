import { notice } from './field.ts'
import { html } from './html.ts'
import type { Page } from './visit.ts'

const WORDS: Readonly<Record<string, string>> = {
  invalid_client: 'The application that sent you here is not registered.',
  client_disabled: 'The application that sent you here is blocked.',
  unauthorized_client: 'The application that sent you here is not allowed to do this.',
  invalid_redirect: 'The application asked for a redirect to an address that it did not register.',
  invalid_signature: 'The request of the application has expired. Start again in the application.',
}

/** The page for OAuth errors that cannot be redirected to the client. No part of the query is shown. */
export const errorPage: Page = {
  path: '/error',
  public: 'It shows fixed error texts and no data.',
  get: async ({ url }) => ({
    title: 'Something went wrong',
    status: 400,
    body: html`${notice(WORDS[url.searchParams.get('error') ?? ''] ?? 'The request was invalid. Start again in the application.', 'bad')}
<p><a href="/account">Go to your account</a></p>`,
  }),
}
