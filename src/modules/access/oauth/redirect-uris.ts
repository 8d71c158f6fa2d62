import { isLoopback } from './audience.ts'

/** Redirect URIs and the type of their client, as the library registers them. */
export interface RegisteredUris {
  readonly redirect_uris: string[]
  readonly application_type: 'web' | 'native'
}

const PLACEHOLDER = 'plimsoll.placeholder:/'

/**
 * Prepares redirect URIs for the library. Private schemes such as `cursor://…` become placeholders, since it takes
 * reverse-domain names alone: PKCE protects the code (RFC 8252, 7.1 and 8.1). A client is native if any URI is not https
 * on another host, even if it calls itself a web client: the library lets those have no others, while OpenID Connect
 * forbids them only for the implicit grant.
 */
export function registeredUris(given: readonly string[], type?: 'web' | 'native'): RegisteredUris {
  const isWeb = type !== 'native' && given.every((uri) => uri.startsWith('https:') && !isLoopback(uri))
  return {
    redirect_uris: given.map((uri, at) => (isPrivateScheme(uri) ? `${PLACEHOLDER}${at}` : uri)),
    application_type: isWeb ? 'web' : 'native',
  }
}

/** Whether some are placeholders, so that the given ones have to be stored in their place afterwards. */
export function hasPlaceholders(uris: readonly string[]): boolean {
  return uris.some((uri) => uri.startsWith(PLACEHOLDER))
}

/** Whether an address can be one to which a code is sent: https, a program on the person's computer, or a private scheme. */
export function isRedirectUri(uri: string): boolean {
  // Parsers drop spaces and control characters, or end a URI at them.
  if (!URL.canParse(uri) || /[\s\p{Cc}#]/u.test(uri)) return false
  const { protocol, username, password } = new URL(uri)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(uri)) || isPrivateScheme(uri)
}

/** Schemes that a browser, or the system, runs or reads itself instead of passing them to a program. */
const NOT_PRIVATE = new Set(
  'about blob chrome data file filesystem ftp http https intent jar javascript mailto sms tel urn vbscript view-source ws wss'.split(
    ' ',
  ),
)

/** Whether a URI has a scheme of a program's own (`cursor:`). */
function isPrivateScheme(uri: string): boolean {
  return !NOT_PRIVATE.has(new URL(uri).protocol.slice(0, -1))
}
