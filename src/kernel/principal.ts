/** `<part>:read` or `<part>:write`. Write does not imply read; a key that may do both holds both. */
export type Scope = `${string}:read` | `${string}:write`

/** The roles of people in a tenant, from least to most: each holds what the one before it holds. */
export const ROLES = ['read-only', 'member', 'manager', 'admin', 'owner'] as const
export type Role = (typeof ROLES)[number]

/** Who acts. The audit row stores `kind` and `id`. */
export type Actor =
  /** A person, by session or by token. The id alone: names and addresses do not belong in a log. */
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'key'; readonly id: string; readonly name: string }
  | { readonly kind: 'job'; readonly id: string }
  | { readonly kind: 'cli'; readonly id: string }

/** An authenticated caller. Surfaces obtain one from `Authenticate` and open a `Ctx` for it. */
export interface Principal {
  readonly tenantId: string
  readonly actor: Actor
  readonly scopes: ReadonlySet<Scope>
  /**
   * Whose things a call means by "mine": the person who signed in, or who made the key. Absent for service accounts,
   * jobs and the command line.
   */
  readonly userId?: string
  /** The person's role in the tenant, for limits. Absent for keys, jobs and the command line. */
  readonly role?: Role
  /** What the credential is bound to, beyond its scopes. Absent: nothing. */
  readonly bounds?: Bounds
}

/** What a credential opens at most, whatever its scopes say. An absent member binds nothing. */
export interface Bounds {
  /** Names of MCP servers. */
  readonly servers?: ReadonlySet<string>
  /** `<server>/<toolset>`. */
  readonly toolsets?: ReadonlySet<string>
  /** Tools and routes that change something are refused, and not listed. */
  readonly readOnly?: boolean
}

/** Where a credential was presented. Members are read only when the credential asks for them. */
export interface Presented {
  /** The caller's address, as trusted proxies tell it; empty for a pipe. */
  readonly address: string
  /** The URL of the protected resource that is asked for (RFC 8707): `https://mcp.example.com/mcp/customers`. */
  readonly resource: string
}

/**
 * Turns an `Authorization` header into a principal. Answers synchronously when it is cached, so that the hot path
 * does not yield. Throws `Failure('unauthenticated')` for anything missing, malformed, unknown, expired, revoked or
 * meant for another resource, and for an address that the credential is not for.
 */
export type Authenticate = (authorization: string | undefined, at: Presented) => Principal | Promise<Principal>
