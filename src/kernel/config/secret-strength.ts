import { PUBLISHED_SECRETS, WELL_KNOWN_PARTS } from './well-known-secrets.ts'

const DATABASE_DEFAULTS = new Set([
  'postgres',
  'postgresql',
  'plimsoll',
  'admin',
  'root',
  'test',
  'user',
  'db',
  'redis',
])

/**
 * NIST SP 800-63B requires 112 bits for a key; the measured entropy of a random text is a little lower than its real
 * one.
 */
const ENTROPY_BITS_MIN = 96
const URL_PASSWORD_MIN = 8

/** Why a key or token is weak; undefined when it is not. Never contains the value. */
export function weakness(secret: string): string | undefined {
  if (isWellKnown(secret)) return 'it contains a well-known default'
  const decoded = Buffer.from(secret, 'base64')
  const isBase64 = decoded.length >= 32 && decoded.toString('base64').replace(/=+$/, '') === secret.replace(/=+$/, '')
  if (isBase64 && decoded.every((byte) => byte >= 0x20 && byte < 0x7f)) return 'it is encoded text, not random bytes'
  if (entropyBits(secret) < ENTROPY_BITS_MIN) return 'it repeats itself, or is too short, to be random'
  if (isSequence(secret)) return 'it is a sequence, not random'
  return undefined
}

/** The weakness of the first weak member of a comma-separated list. */
export function listWeakness(secrets: string): string | undefined {
  const members = secrets.split(',').map((each) => each.trim())
  return members.map(weakness).find((reason) => reason !== undefined)
}

/** Why the password in a connection URL is weak; undefined when it is not. A server on this machine needs none. */
export function urlWeakness(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { hostname, username, password } = new URL(text)
  const isLocal = ['', 'localhost', '127.0.0.1', '[::1]'].includes(hostname)
  if (password === '') return isLocal ? undefined : `it has no password, and ${hostname} is another machine`
  const plain = decodeURIComponent(password)
  if (isWellKnown(plain) || DATABASE_DEFAULTS.has(plain.toLowerCase())) return 'its password is a well-known default'
  if (plain === decodeURIComponent(username)) return 'its password is its user name'
  if (plain.length < URL_PASSWORD_MIN) return `its password is shorter than ${URL_PASSWORD_MIN} characters`
  return undefined
}

function isWellKnown(secret: string): boolean {
  const plain = bare(secret)
  // Random hexadecimal digits spell `c0ffee` or `123456` now and then: 1 in 35,000 keys of 256 bits has such a part.
  const parts = HEX_KEY.test(plain) ? NOT_HEX_PARTS : WELL_KNOWN_PARTS
  return PUBLISHED.has(plain) || parts.some((part) => plain.includes(part))
}

/** 256 bits or more as hexadecimal digits. */
const HEX_KEY = /^[0-9a-f]{64,}$/
const NOT_HEX_PARTS = WELL_KNOWN_PARTS.filter((part) => /[^0-9a-f]/.test(part))

/** The letters and digits in lower case: dictionary attacks try `Keyboard Cat!` and `keyboard-cat` alike. */
function bare(secret: string): string {
  return secret.toLowerCase().replace(/[^a-z0-9]/g, '')
}

const PUBLISHED = new Set(
  [...PUBLISHED_SECRETS].flatMap((text) => [text, Buffer.from(text, 'hex').toString('base64')].map(bare)),
)

/** Shannon entropy of the characters times their number; for a repeated text, of the repeated part. */
function entropyBits(text: string): number {
  const unit = /^(.+?)\1+$/.exec(text)?.[1] ?? text
  const counts = new Map<string, number>()
  for (const character of unit) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= count * Math.log2(count / unit.length)
  return bits
}

/** Whether most characters follow the one before: `abcdefgh…`, `0123…`. */
function isSequence(text: string): boolean {
  let follows = 0
  for (let at = 1; at < text.length; at++) follows += text.charCodeAt(at) - text.charCodeAt(at - 1) === 1 ? 1 : 0
  return follows > text.length / 2
}
