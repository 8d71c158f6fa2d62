import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listWeakness, urlWeakness, weakness } from './secret-strength.ts'
import { PUBLISHED_SECRETS, WELL_KNOWN_PARTS } from './well-known-secrets.ts'

describe('a secret', () => {
  it.each([
    'your-256-bit-secret',
    'keyboard cat',
    'supersecret',
    'changeit',
    'insecure-dev-secret',
    'shhhhh',
    'better-auth-secret-1234567890',
    'better-auth-secret-123456789012345',
    'a-string-secret-at-least-256-bits-long',
    'complex_password_at_least_32_characters_long',
    'this-is-my-super-long-and-Secure-Key-2024',
    'django-insecure-3s!k0m&9x+2$w@h7q^v8z#r5t4y6u1i',
    'NEXTAUTH_SECRET=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA',
    'thisIsNotASecretButItIs32CharsLong!!',
    'Keyboard-Cat/Keyboard-Cat/Keyboard-Cat',
    'k3yb0ard c4t but with a passw0rd in it',
    ...PUBLISHED_SECRETS,
  ])('that anyone can read somewhere is refused: %s', (secret) => {
    expect(weakness(secret)).toBeDefined()
  })

  it.each([
    ['too short', 'x7Q'],
    ['one letter', 'z'.repeat(64)],
    ['a repeated word', 'zebra-crossing '.repeat(6)],
    ['a sequence', 'abcdefghijklmnopqrstuvwxyz0123456789'],
    ['digits alone', '8371940265837194'],
    ['encoded text', btoa('nobody will ever guess this text')],
    ['bytes in order', Buffer.from(Array.from({ length: 32 }, (_, at) => at)).toString('base64')],
    ['zeros', Buffer.alloc(32).toString('base64')],
  ])('that is %s is refused', (_what, secret) => {
    expect(weakness(secret)).toBeDefined()
  })

  it('that is random hexadecimal digits is taken, whatever they spell', () => {
    for (const word of ['c0ffee', '123456', '000000', 'deadbeef']) {
      const random = 'f3b1c97e5a2d4860917fbe3ac5d20846e71b9a3fd5c08e246b7193adfe5082c4'
      expect(weakness(`${word}${random.slice(word.length)}`)).toBeUndefined()
      expect(weakness(`${word}${random.slice(0, 32)}`)).toBeDefined()
    }
  })

  it('that was drawn at random is taken, in base64, base64url and hex', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 64 }), (bytes) => {
        const random = crypto.getRandomValues(bytes)
        for (const encoding of ['base64', 'base64url', 'hex'] as const) {
          expect(weakness(Buffer.from(random).toString(encoding))).toBeUndefined()
        }
      }),
      { numRuns: 300 },
    )
  })

  it('is never part of the answer', () => {
    expect(weakness('supersecret')).not.toContain('supersecret')
  })

  it('in a list counts as itself: one weak member is refused', () => {
    const strong = 'p9Yt0m0hVJp2k8zN1i3xqv7QyTzA5rWbE6uDcGfHsLk='
    expect(listWeakness(`${strong}, ${strong}`)).toBeUndefined()
    expect(listWeakness(`${strong},changeit`)).toBe('it contains a well-known default')
  })
})

describe('the list of well-known secrets', () => {
  it('holds no part twice, none that is too short, and none with a character that is taken out before it is looked for', () => {
    expect(new Set(WELL_KNOWN_PARTS).size).toBe(WELL_KNOWN_PARTS.length)
    for (const part of WELL_KNOWN_PARTS) expect(part).toMatch(/^[a-z0-9]{6,}$/)
  })
})

describe('the password in a URL', () => {
  it.each([
    ['a well-known default', 'postgresql://plimsoll:changeit@db/x'],
    ['the user name', 'postgresql://serviceuser:serviceuser@db/x'],
    ['short', 'postgresql://plimsoll:x7Q@db/x'],
    ['missing on another machine', 'redis://redis.internal:6379'],
  ])('is refused when it is %s', (_what, url) => {
    expect(urlWeakness(url)).toBeDefined()
  })
})
