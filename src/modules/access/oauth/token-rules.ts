import { z } from 'zod'
import type { ScopeGrant } from '#kernel/authorization'
import { Failure } from '#kernel/failure'
import type { CompactToken } from './compact-token.ts'
import { malformed } from './compact-token.ts'

/** What a token says that anything here depends on. Times are in seconds since 1970. */
export interface TokenClaims {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly expiresAt: number
  readonly issuedAt: number | undefined
  readonly notBefore: number | undefined
  /** Undefined: all that its bearer may do. */
  readonly scopes: ReadonlySet<string> | undefined
  readonly subject: TokenSubject
}

/** For whom a token speaks, as its issuer names them. */
export interface TokenSubject {
  readonly id: string
  readonly tenantId: string
  /** Verified by the issuer. */
  readonly email?: string
  /** The session it ends with; absent where the issuer keeps sessions of its own. */
  readonly sessionId?: string
  /** What the person granted, and to which program, to act for them; absent for the person's own sign-in. */
  readonly grant?: { readonly id: string; readonly clientId: string }
}

export interface TokenHeader {
  readonly algorithm: string
  readonly keyId: string
}

/** What a token of one issuer looks like, beyond the form that all have. */
export interface TokenRules {
  /** Throws `Failure('unauthenticated')` for a header that is not of the issuer's form. */
  readonly header: (token: CompactToken) => TokenHeader
  /** Throws `Failure('unauthenticated')` for claims that are missing, or of another type than they must be. */
  readonly claims: (token: CompactToken) => TokenClaims
  readonly issuer: () => string
  readonly lifeSecondsMax: number
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
  // Bound to a key of its bearer, of which no proof is asked here: taken as it is, it would be bound to nobody.
  cnf: z.never().optional(),
})

/** Strict: what is not named here (`jku`, `x5u`, `jwk`, `crit`, `b64`, `zip`, …) is not ours. */
const OwnHeader = z.strictObject({ typ: z.literal('at+jwt'), alg: z.string(), kid: id })

const OwnClaims = StandardClaims.extend({
  iat: numericDate,
  tenant: id,
  sid: id,
  client_id: z.string().min(1).max(2048).optional(),
  grant: id.optional(),
})

/** The access tokens that this server makes. */
export function ownTokenRules(parts: {
  readonly publicUrl: () => string
  readonly lifeSecondsMax: number
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
    lifeSecondsMax: parts.lifeSecondsMax,
  }
}

export function standardClaims(claims: z.output<typeof StandardClaims>) {
  const { iss, aud, exp, iat, nbf } = claims
  return { issuer: iss, audiences: [aud].flat(), expiresAt: exp, issuedAt: iat, notBefore: nbf }
}

/** Undefined stays so: a token that names no scopes is not one that names none. */
export function scopeSet(scope: string | undefined): ReadonlySet<string> | undefined {
  return scope === undefined ? undefined : new Set(scope.split(' ').filter((name) => name !== ''))
}

/** Names the member that is wrong, never its value. */
export function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const outcome = schema.safeParse(value)
  if (outcome.success) return outcome.data
  const [issue] = outcome.error.issues
  const member = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0]
  throw malformed(`its ${String(member)} is not as it should be`)
}

const SKEW_SECONDS = 30

/** Throws `Failure('unauthenticated')` unless the token is of this issuer and of this moment. */
export function requireCurrent(claims: TokenClaims, rules: TokenRules, now: Date): void {
  const seconds = now.getTime() / 1000
  const { issuer, expiresAt, issuedAt, notBefore } = claims
  if (issuer !== rules.issuer()) throw refused('The access token is of another issuer.')
  if (expiresAt <= seconds) throw expired()
  if ((notBefore ?? 0) > seconds + SKEW_SECONDS) throw refused('The access token is not valid yet.')
  if ((issuedAt ?? 0) > seconds + SKEW_SECONDS) throw refused('The access token is of the future.')
  const life = expiresAt - (issuedAt ?? seconds)
  if (life > rules.lifeSecondsMax) throw refused('The access token lives longer than tokens may.')
}

export const expired = () => refused('The access token has expired. Ask for a new one.')

export function refused(message: string, cause?: unknown): Failure {
  return new Failure('unauthenticated', message, { cause })
}

/** What the token asks for of what its bearer holds; a scope that is not in the table opens nothing. */
export function granted(
  claims: Pick<TokenClaims, 'scopes'>,
  held: ReadonlySet<ScopeGrant['scope']>,
): ReadonlySet<ScopeGrant['scope']> {
  const { scopes } = claims
  return scopes === undefined ? held : new Set([...held].filter((scope) => scopes.has(scope)))
}
