import { z } from 'zod'

export const ScopeName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*:(read|write)$/, 'a scope such as customers:read')
  .transform((text) => text as `${string}:read` | `${string}:write`) // safe because: the pattern above is that type.

export const TenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'a tenant id such as acme: a-z, 0-9, _ and -, at most 63')

export const CreateKeyInput = z.strictObject({
  name: z.string().trim().min(1).max(100),
  scopes: z.array(ScopeName).min(1).max(50),
  /** UTC. Absent: the key does not expire. */
  expiresAt: z.date().optional(),
})
export type CreateKeyInput = z.output<typeof CreateKeyInput>

/** What may be shown of a key at any time. The key itself is shown once, when it is made. */
export interface ApiKey {
  readonly keyId: string
  readonly name: string
  /** The first 12 characters, to tell keys apart in a list and in a log. */
  readonly prefix: string
  readonly scopes: readonly string[]
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
  readonly lastUsedAt: Date | null
}

export interface Tenant {
  readonly tenantId: string
  readonly name: string
}
