import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { b64, json, partsOf, signed, unsigned, without } from './kit.ts'
import type { ForgeryKind, ForgeryKit } from './kit.ts'

const spki = (kit: ForgeryKit) => createPublicKey({ key: { ...kit.publicJwk }, format: 'jwk' })

/** Tokens signed by HS256 with a public value as the secret. */
function hmac(kit: ForgeryKit, secret: string | Buffer, algorithm = 'HS256'): string {
  const body = `${b64(json({ ...kit.header, alg: algorithm }))}.${b64(json(kit.claims))}`
  return `${body}.${createHmac(`sha${algorithm.slice(2)}`, secret)
    .update(body)
    .digest('base64url')}`
}

const stranger = generateKeyPairSync('ed25519')

/** Tokens signed by a foreign key that the header points to. */
function strangerSigned(kit: ForgeryKit, header: object): string {
  const body = `${b64(json({ ...kit.header, alg: 'EdDSA', ...header }))}.${b64(json(kit.claims))}`
  return `${body}.${b64(sign(null, Buffer.from(body), stranger.privateKey))}`
}

const strangerJwk = stranger.publicKey.export({ format: 'jwk' })

/** Tokens with an algorithm that the forger chose. */
export const KEY_CONFUSION: readonly ForgeryKind[] = [
  ...['none', 'None', 'NONE', 'nOnE', ''].map((alg) => ({
    kind: `algorithm "${alg}" without a signature`,
    forge: (kit: ForgeryKit) => unsigned(kit, alg),
  })),
  { kind: 'algorithm none with the valid signature', forge: (kit) => unsigned(kit, 'none', partsOf(kit).signature) },
  {
    kind: 'HS256 with the public key in PEM',
    forge: (kit) => hmac(kit, spki(kit).export({ type: 'spki', format: 'pem' })),
  },
  {
    kind: 'HS256 with the public key in PEM, trimmed',
    forge: (kit) => hmac(kit, String(spki(kit).export({ type: 'spki', format: 'pem' })).trim()),
  },
  {
    kind: 'HS256 with the public key in DER',
    forge: (kit) => hmac(kit, spki(kit).export({ type: 'spki', format: 'der' })),
  },
  { kind: 'HS256 with the public key as JWK', forge: (kit) => hmac(kit, json(kit.publicJwk)) },
  {
    kind: 'HS256 with the bare public key',
    forge: (kit) => hmac(kit, Buffer.from(kit.publicJwk.x ?? kit.publicJwk.n ?? '', 'base64url')),
  },
  {
    kind: 'HS384 with the public key in PEM',
    forge: (kit) => hmac(kit, spki(kit).export({ type: 'spki', format: 'pem' }), 'HS384'),
  },
  {
    kind: 'HS512 with the public key in PEM',
    forge: (kit) => hmac(kit, spki(kit).export({ type: 'spki', format: 'pem' }), 'HS512'),
  },
  { kind: 'HS256 with an empty secret', forge: (kit) => hmac(kit, '') },
  { kind: 'HS256 with the secret "secret"', forge: (kit) => hmac(kit, 'secret') },
]

/** Tokens with a key that the forger chose. */
export const KEY_CHOICE: readonly ForgeryKind[] = [
  ...[
    '../../../../dev/null',
    '/dev/null',
    "' or '1'='1",
    "x' union select 'AA' --",
    'unknown',
    '',
    '__proto__',
    'constructor',
    '\u0000',
  ].map((kid) => ({
    kind: `key id ${json(kid)}`,
    forge: (kit: ForgeryKit) => strangerSigned(kit, { kid }),
  })),
  { kind: 'no key id', forge: (kit) => kit.signed(json(without(kit.header, 'kid')), json(kit.claims)) },
  { kind: 'key id that is a list', forge: (kit) => signed(kit, { header: { kid: [kit.header['kid']] } }) },
  { kind: 'key id that is an object', forge: (kit) => strangerSigned(kit, { kid: { toString: kit.header['kid'] } }) },
  {
    kind: 'jku to the forger’s keys',
    forge: (kit) => strangerSigned(kit, { jku: 'https://attacker.example/jwks.json' }),
  },
  {
    kind: 'jku to our host by way of another',
    forge: (kit) => strangerSigned(kit, { jku: `${String(kit.claims['iss'])}@attacker.example/jwks` }),
  },
  {
    kind: 'x5u to the forger’s certificate',
    forge: (kit) => strangerSigned(kit, { x5u: 'https://attacker.example/cert.pem' }),
  },
  { kind: 'x5c with the forger’s certificate', forge: (kit) => strangerSigned(kit, { x5c: ['MIIB'] }) },
  { kind: 'embedded JWK of the forger', forge: (kit) => strangerSigned(kit, { jwk: strangerJwk }) },
  {
    kind: 'embedded JWK of the forger without a key id',
    forge: (kit) => strangerSigned(kit, { jwk: strangerJwk, kid: undefined }),
  },
  {
    kind: 'embedded symmetric JWK',
    forge: (kit) => {
      const header = { ...kit.header, alg: 'HS256', jwk: { kty: 'oct', k: b64('secret') } }
      const body = `${b64(json(header))}.${b64(json(kit.claims))}`
      return `${body}.${createHmac('sha256', 'secret').update(body).digest('base64url')}`
    },
  },
  {
    kind: 'jku beside a valid signature',
    forge: (kit) => signed(kit, { header: { jku: 'https://attacker.example/' } }),
  },
  { kind: 'signature of another key under our key id', forge: (kit) => strangerSigned(kit, {}) },
  {
    kind: 'another asymmetric algorithm than the key’s',
    forge: (kit) => signed(kit, { header: { alg: kit.header['alg'] === 'RS256' ? 'PS256' : 'RS256' } }),
  },
]
