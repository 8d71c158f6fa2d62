import { hash } from 'node:crypto'
import { z } from 'zod'
import type { OAuthSettings } from '../oauth-settings.ts'
import type { Db } from '#kernel/database/db'
import { tenantExists } from '../store.ts'
import { findMember, findMemberByVerifiedEmail } from './store.ts'
import { parsed, refused, scopeSet, StandardClaims, standardClaims } from './token-rules.ts'
import type { TokenClaims, TokenRules } from './token-rules.ts'
import type { TokenGrant } from './verify-token.ts'

/** The `typ` values of access tokens. Logout tokens have another. */
const TYPES = /^(application\/)?(at\+)?jwt$/i

/** Header members that contain or locate a key, or change how the token is parsed. Tokens with them are refused. */
const FORBIDDEN = ['jku', 'jwk', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc', 'cty'] as const

const Header = z.object({
  typ: z.string().regex(TYPES).optional(),
  alg: z.string(),
  kid: z.string().min(1).max(255),
  ...Object.fromEntries(FORBIDDEN.map((name) => [name, z.never().optional()])),
})

/** The rules for access tokens of an external authorization server. */
export function issuerTokenRules(issuer: string, settings: OAuthSettings): TokenRules {
  return {
    header: ({ header }) => {
      const { alg, kid } = parsed(Header, header)
      return { algorithm: alg === 'Ed25519' ? 'EdDSA' : alg, keyId: kid }
    },
    claims: ({ payload }) => {
      const claims = parsed(StandardClaims.omit({ scope: true }), payload)
      // An ID token has one of these claims. It is meant for its client, and is not a credential.
      if ('nonce' in payload || 'at_hash' in payload || payload['typ'] === 'ID') throw refused('This is an ID token.')
      const tenantId = settings.tenant ?? textClaim(payload, settings.tenantClaim)
      const email = payload['email_verified'] === true ? payload['email'] : undefined
      return {
        ...standardClaims(claims),
        scopes: scopesOf(payload[settings.scopeClaim], settings.scopeClaim),
        subject: { id: claims.sub, tenantId, ...(typeof email === 'string' && { email }) },
      }
    },
    issuer: () => issuer,
    lifetimeSecondsMax: settings.tokenSecondsMax,
  }
}

/** Maps the subject of an external token to a person and role; undefined when unknown. `db` is the system handle. */
export function issuerGrants(db: Db, issuer: string, settings: OAuthSettings) {
  return async ({ subject }: TokenClaims): Promise<TokenGrant | undefined> => {
    const { id, tenantId, email } = subject
    if (settings.subject === 'external') {
      if (!(await tenantExists({ db, tenantId }))) return undefined
      return { userId: externalId(issuer, id), role: settings.externalRole }
    }
    if (settings.subject === 'email' && email === undefined) {
      throw refused('The access token has no verified e-mail address, which this server requires.')
    }
    const member =
      settings.subject === 'user'
        ? await findMember(db, id, tenantId)
        : await findMemberByVerifiedEmail(db, email ?? '', tenantId)
    return member === undefined ? undefined : { userId: member.user_id, role: member.role }
  }
}

/** A stable id for a subject of an issuer, hashed so that it reveals neither. */
function externalId(issuer: string, subject: string): string {
  return `ext_${hash('sha256', `${issuer}\u0000${subject}`, 'hex').slice(0, 32)}`
}

function scopesOf(value: unknown, claim: string): ReadonlySet<string> {
  const names = parsed(z.object({ [claim]: z.union([z.string(), z.array(z.string())]).optional() }), { [claim]: value })
  const scope = names[claim]
  // Without a scope claim an external token has no scopes, whereas our own have all scopes of the person.
  return Array.isArray(scope) ? new Set(scope) : (scopeSet(scope) ?? new Set())
}

function textClaim(payload: Readonly<Record<string, unknown>>, name: string): string {
  const value = parsed(z.object({ [name]: z.string().min(1).max(255) }), payload)[name]
  if (value === undefined) throw refused('The access token has no tenant claim.')
  return value
}
