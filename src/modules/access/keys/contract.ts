import { z } from 'zod'
import { isNetwork } from '#kernel/network/address'
import type { CamelCased } from '../field-names.ts'

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

/** The restrictions of a key besides its scopes. An absent field restricts nothing. */
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
  /** The service account that owns the key; absent: the caller owns it. */
  serviceAccountId: ServiceAccountId.optional(),
})
export type CreateKeyInput = z.output<typeof CreateKeyInput>

const names = z.array(z.string())

/** A stored key without its secret. The key itself is shown once, when it is created. */
export const KeyRow = z.strictObject({
  name: z.string(),
  /** The first 12 characters, which identify the key in lists and logs. */
  prefix: z.string(),
  scopes: names,
  key_id: z.string(),
  /** The person who created it, or the service account that owns it; both null for a key of the tenant itself. */
  user_id: z.string().nullable(),
  service_account_id: z.string().nullable(),
  read_only: z.boolean(),
  /** Null restricts nothing. */
  servers: names.nullable(),
  toolsets: names.nullable(),
  networks: names.nullable(),
  created_at: z.date(),
  expires_at: z.date().nullable(),
  revoked_at: z.date().nullable(),
  last_used_at: z.date().nullable(),
})
export type ApiKey = CamelCased<z.output<typeof KeyRow>>

export const CreateServiceAccountInput = z.strictObject({ name: KeyName, scopes: ScopeNames })

/** A service account: a non-human caller with its own keys. */
export const ServiceAccountRow = z.strictObject({
  name: z.string(),
  /** The scopes that its keys may have. */
  scopes: names,
  service_account_id: z.string(),
  created_at: z.date(),
  disabled_at: z.date().nullable(),
})
export type ServiceAccount = CamelCased<z.output<typeof ServiceAccountRow>>
