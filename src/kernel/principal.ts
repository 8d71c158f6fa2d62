/** A permission: `<part>:read` or `<part>:write`. Write does not imply read; a credential that may do both has both. */
export type Scope = `${string}:read` | `${string}:write`

/** The roles of people in a tenant, from lowest to highest. Each includes the scopes of those before it. */
export const ROLES = ['read-only', 'member', 'manager', 'admin', 'owner'] as const
export type Role = (typeof ROLES)[number]

/** The identity that performs a call. Audit rows store `kind` and `id`. */
export type Actor =
  /** A person, by session or token. Only the id: names and e-mail addresses do not belong in a log. */
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
   * The person on whose own records the call works: who signed in, or who created the key. Absent for service accounts,
   * jobs and the command line.
   */
  readonly userId?: string
  /** The person's role in the tenant, for limits. Absent for keys, jobs and the command line. */
  readonly role?: Role
  /** Restrictions of the credential beyond its scopes. Absent: none. */
  readonly bounds?: Bounds
}

/** Restrictions of a credential, applied on top of its scopes. An absent member restricts nothing. */
export interface Bounds {
  /** Names of MCP servers. */
  readonly servers?: ReadonlySet<string>
  /** `<server>/<toolset>`. */
  readonly toolsets?: ReadonlySet<string>
  /** Tools and routes that change something are refused, and not listed. */
  readonly readOnly?: boolean
}

/** The request that presents a credential. Members are read lazily, only for credentials that restrict them. */
export interface AccessRequest {
  /** The caller's IP address, as reported by trusted proxies; empty on stdio. */
  readonly address: string
  /** The URL of the requested protected resource (RFC 8707): `https://mcp.example.com/mcp/customers`. */
  readonly resource: string
}

/**
 * Turns an `Authorization` header into a principal. Returns synchronously on a cache hit, so that the hot path does not
 * yield. Throws `Failure('unauthenticated')` for a credential that is missing, malformed, unknown, expired, revoked or
 * issued for another resource, and for an IP address that the credential does not allow.
 */
export type Authenticate = (authorization: string | undefined, request: AccessRequest) => Principal | Promise<Principal>
