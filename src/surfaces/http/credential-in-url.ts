import { Failure } from '#kernel/failure'

const CREDENTIAL = /[?&](?:access_token|id_token|refresh_token|token|api_?key|key)=/i

/**
 * Refuses a URL that carries a credential (RFC 6750, 2.3; OAuth 2.1 has no such way): URLs are logged, kept in histories
 * and sent on by browsers. It is never read, not even to say whether it is a good one.
 */
export function refuseCredentialInUrl(url: string): void {
  if (!url.includes('?') || !CREDENTIAL.test(url)) return
  throw new Failure(
    'invalid',
    'A credential does not belong in a URL, where it is logged and kept: it was not read. Send it as Authorization: Bearer … and replace it, since others may have seen it.',
    { code: 'CREDENTIAL_IN_URL' },
  )
}
