import { z } from 'zod'
import { isNetwork } from '#kernel/network/address'

const ScopeName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*:(read|write)$/, 'a scope such as customers:read')
  .transform((text) => text as `${string}:read` | `${string}:write`) // safe because: the pattern above is that type.

const SCOPES_MAX = 50
const BOUNDS_MAX = 50

export const KeyName = z.string().trim().min(1).max(100)
export const ScopeNames = z.array(ScopeName).min(1).max(SCOPES_MAX)
const ServerName = z.string().regex(/^[a-z][a-z0-9-]*$/, 'the name of an MCP server such as customers')
const ToolsetName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*\/[a-z][a-z0-9_-]*$/, 'a toolset with its server, such as customers/health')
const Network = z
  .string()
  .refine(isNetwork, 'a network such as 203.0.113.0/24, 203.0.113.7/32 or 2001:db8::/32, with the bits of the host 0')
export const ServiceAccountId = z.string().regex(/^sva_[0-9a-z]{20,40}$/, 'a service account id such as sva_01k…')

const atMost = <T extends z.ZodType>(one: T) => z.array(one).min(1).max(BOUNDS_MAX).optional()

/** What a key may be bound to. An absent member binds nothing. */
export const KeyBounds = z.strictObject({
  servers: atMost(ServerName),
  toolsets: atMost(ToolsetName),
  readOnly: z.boolean().optional(),
  networks: atMost(Network),
})
export type KeyBounds = z.output<typeof KeyBounds>

export const CreateKeyInput = z.strictObject({
  name: KeyName,
  scopes: ScopeNames,
  /** UTC. Absent: the key does not expire. */
  expiresAt: z.date().optional(),
  ...KeyBounds.shape,
  /** Whose key it is; absent: the maker's own. */
  serviceAccountId: ServiceAccountId.optional(),
})
export type CreateKeyInput = z.output<typeof CreateKeyInput>

/** What may be shown of a key at any time. The key itself is shown once, when it is made. */
export interface ApiKey {
  readonly keyId: string
  readonly name: string
  /** The first 12 characters, to tell keys apart in a list and in a log. */
  readonly prefix: string
  readonly scopes: readonly string[]
  /** The person who made it, or the service account it belongs to; neither for a key of the tenant alone. */
  readonly userId: string | null
  readonly serviceAccountId: string | null
  /** Null binds nothing. */
  readonly servers: readonly string[] | null
  readonly toolsets: readonly string[] | null
  readonly networks: readonly string[] | null
  readonly readOnly: boolean
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
  readonly lastUsedAt: Date | null
}

export const CreateServiceAccountInput = z.strictObject({ name: KeyName, scopes: ScopeNames })
export type CreateServiceAccountInput = z.output<typeof CreateServiceAccountInput>

/** A caller that is no person, with keys of its own. */
export interface ServiceAccount {
  readonly serviceAccountId: string
  readonly name: string
  /** What its keys may do at most. */
  readonly scopes: readonly string[]
  readonly createdAt: Date
  readonly disabledAt: Date | null
}
