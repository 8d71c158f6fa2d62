import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { JWK } from 'jose'
import type { Role } from '#kernel/principal'
import type { App } from '../../src/app.ts'
import { signingKeyContext } from '../../src/modules/access/identity/signing-keys.ts'
import type { TestDatabase } from './database.ts'
import type { ForgeryKit } from './forged-tokens.ts'

/** A person of a tenant who signed in a moment ago. */
export interface SignedIn {
  readonly userId: string
  readonly sessionId: string
  readonly tenantId: string
}

/** Inserts the rows that sign-up, an accepted invitation and sign-in create. */
export async function signedIn(database: TestDatabase, tenantId: string, role: Role): Promise<SignedIn> {
  const id = randomBytes(6).toString('hex')
  const [userId, sessionId] = [`usr_${id}`, `ses_${id}`]
  await database.owner.query(
    `with person as (
       insert into access.users (id, name, email, email_verified, created_at, updated_at)
       values ($1, 'Walker', $1 || '@example.com', true, now(), now()) returning id
     ), session as (
       insert into access.sessions (id, token, user_id, expires_at, created_at, updated_at)
       select $2, $2 || '-token', id, now() + interval '1 day', now(), now() from person
     )
     insert into access.members (tenant_id, id, user_id, role, created_at) select $3, 'mem_' || id, id, $4, now() from person`,
    [userId, sessionId, tenantId, role],
  )
  return { userId, sessionId, tenantId }
}

/** A signer with the issuer's key: signs any text so that the running application trusts it. */
export interface Issuer {
  /** A token as the application issues it for this person, with the given changes. */
  token(person: SignedIn, changes?: Readonly<Record<string, unknown>>): string
  /** The parts from which forged tokens of this person are built. */
  kit(person: SignedIn): ForgeryKit
}

/** Gives the application a signing key of which the test holds the private half. */
export async function issuerOf(app: App, database: TestDatabase): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const jwk = (key: typeof publicKey): JWK => key.export({ format: 'jwk' })
  const kid = `sgk_${randomBytes(6).toString('hex')}`
  const sealed = app.platform.keyring.seal(JSON.stringify(jwk(privateKey)), signingKeyContext(kid))
  await database.owner.query(
    `insert into access.signing_keys (id, public_key, private_key, alg, crv, created_at)
     values ($1, $2, $3, 'EdDSA', 'Ed25519', now())`,
    [kid, JSON.stringify(jwk(publicKey)), sealed],
  )
  const pen = createPrivateKey({ key: jwk(privateKey), format: 'jwk' })
  const issuer = app.platform.publicUrl.get()
  const header = { typ: 'at+jwt', alg: 'EdDSA', kid }
  const claimsOf = ({ userId, sessionId, tenantId }: SignedIn) => {
    const iat = Math.floor(app.clock().getTime() / 1000)
    return { iss: issuer, aud: issuer, sub: userId, sid: sessionId, tenant: tenantId, iat, exp: iat + 600 }
  }
  const signed = (head: string, payload: string) => {
    const text = [head, payload].map((part) => Buffer.from(part).toString('base64url')).join('.')
    return `${text}.${sign(null, Buffer.from(text), pen).toString('base64url')}`
  }
  return {
    token: (person, changes = {}) =>
      signed(JSON.stringify(header), JSON.stringify({ ...claimsOf(person), ...changes })),
    kit: (person) => ({ header, claims: claimsOf(person), publicJwk: jwk(publicKey), signed }),
  }
}
