import type { JWK } from 'jose'

/** The material for forged tokens: the parts of a valid token, and a signer with the issuer's key. */
export interface ForgeryKit {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly publicJwk: JWK
  /** Signs any header and claims with the issuer's key. */
  readonly signed: (header: string, payload: string) => string
}

export interface ForgeryKind {
  readonly kind: string
  readonly forge: (kit: ForgeryKit) => string
}

export const b64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64url')
export const json = (value: unknown) => JSON.stringify(value)

/** A token with changed header or claims and a valid signature of the issuer. */
export const signed = (kit: ForgeryKit, changes: { header?: object; claims?: object }) =>
  kit.signed(json({ ...kit.header, ...changes.header }), json({ ...kit.claims, ...changes.claims }))

export const without = (claims: object, name: string) =>
  Object.fromEntries(Object.entries(claims).filter(([each]) => each !== name))

export const valid = (kit: ForgeryKit) => signed(kit, {})

/** The encoded parts of a valid token. */
export function partsOf(kit: ForgeryKit): { header: string; payload: string; signature: string } {
  const [header = '', payload = '', signature = ''] = valid(kit).split('.')
  return { header, payload, signature }
}

export function unsigned(kit: ForgeryKit, alg: string, signature = ''): string {
  return `${b64(json({ ...kit.header, alg }))}.${b64(json(kit.claims))}.${signature}`
}
