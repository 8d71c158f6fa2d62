import { Failure } from '#kernel/failure'

/** The decoded header and payload of a token. Nothing in them is verified. */
export interface CompactToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

/** Half of the size that the server accepts for all request headers. */
export const TOKEN_CHARACTERS_MAX = 8192
const SEGMENT = /^[A-Za-z0-9_-]+$/

/**
 * Parses a JWT strictly: three canonical base64url parts without padding (RFC 7515, 3.1), the first two JSON objects
 * without repeated members (RFC 7519, 4), so that no two parsers read different claims from one token. Throws
 * `Failure('unauthenticated')`.
 */
export function parseCompactToken(token: string): CompactToken {
  if (token.length > TOKEN_CHARACTERS_MAX) throw malformed(`longer than ${TOKEN_CHARACTERS_MAX} characters`)
  const [header, payload, signature, ...rest] = token.split('.')
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    throw malformed('not three parts')
  }
  bytesOf(signature)
  return { header: objectOf(bytesOf(header)), payload: objectOf(bytesOf(payload)) }
}

/** The failure for a malformed token. `detail` must not describe a valid token. */
export function malformed(detail: string): Failure {
  return new Failure('unauthenticated', `The access token is malformed: ${detail}.`)
}

function bytesOf(segment: string): Buffer {
  if (!SEGMENT.test(segment)) throw malformed('a part is not base64url without padding')
  const bytes = Buffer.from(segment, 'base64url')
  // Unused bits after the last byte would allow several encodings of one signature.
  if (bytes.toString('base64url') !== segment) throw malformed('a part is not canonical base64url')
  return bytes
}

function objectOf(bytes: Buffer): Readonly<Record<string, unknown>> {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    value = JSON.parse(text)
  } catch {
    throw malformed('a part is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('a part is not an object')
  if (repeatedMember(text) !== undefined) throw malformed('a member is repeated')
  // safe because: a JSON value that is neither a primitive nor an array is an object with string keys.
  return value as Record<string, unknown>
}

const STRING_OR_BRACKET = /("(?:[^"\\]|\\.)*")([\t\n\r ]*:)?|[{}[\]]/g

/** The first member name that is repeated in an object of a JSON text. `JSON.parse` silently keeps the last value. */
function repeatedMember(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  for (const [found, text, colon] of json.matchAll(STRING_OR_BRACKET)) {
    if (found === '{') open.push(new Set())
    else if (found === '[') open.push(undefined)
    else if (found === '}' || found === ']') open.pop()
    else if (text !== undefined && colon !== undefined) {
      const name = String(JSON.parse(text))
      const names = open.at(-1)
      if (names?.has(name) === true) return name
      names?.add(name)
    }
  }
  return undefined
}
