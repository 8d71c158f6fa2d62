import { z } from 'zod'

export const TenantId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'a tenant id such as acme: a-z, 0-9, _ and -, at most 63 characters')

export const Tenant = z.object({ tenantId: z.string(), name: z.string() })
export type Tenant = z.output<typeof Tenant>
