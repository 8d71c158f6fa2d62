import { z } from 'zod'
import type { ScopeGrant } from '#kernel/authorization'
import { Failure } from '#kernel/failure'
import type { CompactToken } from './compact-token.ts'
import { malformed } from './compact-token.ts'

/** The claims of a token that are used here. Times are in seconds since 1970. */
export interface TokenClaims {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly expiresAt: number
  readonly issuedAt: number | undefined
  readonly notBefore: number | undefined
  /** Undefined: every scope of the person. */
  readonly scopes: ReadonlySet<string> | undefined
  readonly subject: TokenSubject
}

/** The person and tenant of a token, as its issuer names them. */
export interface TokenSubject {
  readonly id: string
  readonly tenantId: string
  /** Verified by the issuer. */
  readonly email?: string
  /** The session that the token is bound to; absent with an external issuer. */
  readonly sessionId?: string
  /** The grant to an OAuth client that acts for the person; absent when the person signed in themselves. */
  readonly grant?: { readonly id: string; readonly clientId: string }
}

export interface TokenHeader {
  readonly algorithm: string
  readonly keyId: string
}

/** The rules for the tokens of one issuer, in addition to those of every JWT. */
export interface TokenRules {
  /** Throws `Failure('unauthenticated')` for a header that the issuer does not use. */
  readonly header: (token: CompactToken) => TokenHeader
  /** Throws `Failure('unauthenticated')` for missing claims and claims of the wrong type. */
  readonly claims: (token: CompactToken) => TokenClaims
  readonly issuer: () => string
  readonly lifetimeSecondsMax: number
}

const numericDate = z.number().min(0).max(Number.MAX_SAFE_INTEGER)
const id = z.string().min(1).max(255)

/** The claims that RFC 9068 defines, with the types it gives them. */
export const StandardClaims = z.object({
  iss: z.string().min(1),
  aud: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(20)]),
  exp: numericDate,
  iat: numericDate.optional(),
  nbf: numericDate.optional(),
  sub: id,
  scope: z.string().max(4096).optional(),
  // Refused: it binds the token to a key of its holder, and no proof of possession is checked here.
  cnf: z.never().optional(),
})

/** Strict, so that `jku`, `x5u`, `jwk`, `crit`, `b64`, `zip` and others are refused. */
const OwnHeader = z.strictObject({ typ: z.literal('at+jwt'), alg: z.string(), kid: id })

const OwnClaims = StandardClaims.extend({
  iat: numericDate,
  tenant: id,
  sid: id,
  client_id: z.string().min(1).max(2048).optional(),
  grant: id.optional(),
})

/** The rules for access tokens that this server issues. */
export function ownTokenRules(parts: {
  readonly publicUrl: () => string
  readonly lifetimeSecondsMax: number
}): TokenRules {
  return {
    header: ({ header }) => {
      const { alg, kid } = parsed(OwnHeader, header)
      return { algorithm: alg, keyId: kid }
    },
    claims: ({ payload }) => {
      const claims = parsed(OwnClaims, payload)
      const { client_id: clientId, grant: grantId } = claims
      if ((clientId === undefined) !== (grantId === undefined)) throw malformed('a client without a grant')
      return {
        ...standardClaims(claims),
        scopes: scopeSet(claims.scope),
        subject: {
          id: claims.sub,
          tenantId: claims.tenant,
          sessionId: claims.sid,
          ...(clientId !== undefined && grantId !== undefined && { grant: { id: grantId, clientId } }),
        },
      }
    },
    issuer: parts.publicUrl,
    lifetimeSecondsMax: parts.lifetimeSecondsMax,
  }
}

export function standardClaims(claims: z.output<typeof StandardClaims>) {
  const { iss, aud, exp, iat, nbf } = claims
  return { issuer: iss, audiences: [aud].flat(), expiresAt: exp, issuedAt: iat, notBefore: nbf }
}

/** The scopes of a `scope` claim. Undefined without the claim, which differs from an empty claim. */
export function scopeSet(scope: string | undefined): ReadonlySet<string> | undefined {
  return scope === undefined ? undefined : new Set(scope.split(' ').filter((name) => name !== ''))
}

/** Parses a header or payload. The failure names the invalid member, never its value. */
export function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const outcome = schema.safeParse(value)
  if (outcome.success) return outcome.data
  const [issue] = outcome.error.issues
  const member = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0]
  throw malformed(`its ${String(member)} is missing or invalid`)
}

const SKEW_SECONDS = 30

/** Throws `Failure('unauthenticated')` unless the token is from this issuer, valid now, and not too long-lived. */
export function requireCurrent(claims: TokenClaims, rules: TokenRules, now: Date): void {
  const seconds = now.getTime() / 1000
  const { issuer, expiresAt, issuedAt, notBefore } = claims
  if (issuer !== rules.issuer()) throw refused('The access token is from another issuer.')
  if (expiresAt <= seconds) throw expired()
  if ((notBefore ?? 0) > seconds + SKEW_SECONDS) throw refused('The access token is not valid yet.')
  if ((issuedAt ?? 0) > seconds + SKEW_SECONDS) throw refused('The access token was issued in the future.')
  const lifetime = expiresAt - (issuedAt ?? seconds)
  if (lifetime > rules.lifetimeSecondsMax) throw refused('The lifetime of the access token is too long.')
}

export const expired = () => refused('The access token has expired. Request a new one.')

export function refused(message: string, cause?: unknown): Failure {
  return new Failure('unauthenticated', message, { cause })
}

/** The scopes that both the token and the person have. */
export function granted(
  claims: Pick<TokenClaims, 'scopes'>,
  held: ReadonlySet<ScopeGrant['scope']>,
): ReadonlySet<ScopeGrant['scope']> {
  const { scopes } = claims
  return scopes === undefined ? held : new Set([...held].filter((scope) => scopes.has(scope)))
}
