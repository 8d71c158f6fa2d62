import { Failure } from '#kernel/failure'

const CREDENTIAL = /[?&](?:access_token|id_token|refresh_token|token|api_?key|key)=/i

/**
 * Refuses a URL that contains a credential (the query parameter of RFC 6750, 2.3, which OAuth 2.1 removed): URLs end up
 * in logs, browser histories and `Referer` headers. The credential itself is never checked.
 */
export function refuseCredentialInUrl(url: string): void {
  if (!url.includes('?') || !CREDENTIAL.test(url)) return
  throw new Failure(
    'invalid',
    'A credential does not belong in a URL, where it is logged and kept: it was not read. Send it as Authorization: Bearer … and replace it, since others may have seen it.',
    { code: 'CREDENTIAL_IN_URL' },
  )
}
