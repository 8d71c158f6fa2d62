import { Failure } from '#kernel/failure'

/** The parts of a token as they were sent; nothing in them is verified. */
export interface CompactToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

/** Half of the header block that the server takes. */
export const TOKEN_CHARACTERS_MAX = 8192
const SEGMENT = /^[A-Za-z0-9_-]+$/

/**
 * Reads a JWT in the one form that is taken: three base64url parts without padding (RFC 7515, 3.1), each of the only
 * spelling of its bytes, with JSON objects in the first two whose members are named once (RFC 7519, 4). Two readers of
 * a token must not be able to see two things in it. Throws `Failure('unauthenticated')`.
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

/** Why a token is not taken, in words that tell its bearer nothing about ours. */
export function malformed(detail: string): Failure {
  return new Failure('unauthenticated', `The access token is malformed: ${detail}.`)
}

function bytesOf(segment: string): Buffer {
  if (!SEGMENT.test(segment)) throw malformed('a part is not base64url without padding')
  const bytes = Buffer.from(segment, 'base64url')
  // Bits beyond the last byte would give one signature several spellings.
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
  const twice = repeatedMember(text)
  if (twice !== undefined) throw malformed('a member is there twice')
  // safe because: a JSON value that is neither a primitive nor an array is an object with string keys.
  return value as Record<string, unknown>
}

const STRING_OR_BRACKET = /("(?:[^"\\]|\\.)*")([\t\n\r ]*:)?|[{}[\]]/g

/** The first name that one object of the text, which must be JSON, has twice; `JSON.parse` keeps the last in silence. */
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
