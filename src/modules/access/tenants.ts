import { change } from '#kernel/writes/single-change'
import { Failure } from '#kernel/failure'
import { auditedName } from './audited-name.ts'
import type { Tenant } from './contract.ts'
import { insertTenant } from './store.ts'

/** Makes the tenant that `ctx` already names. */
export const createTenant = change<{ name: string }, Tenant>(
  'access.create-tenant',
  'access:write',
  async (ctx, { name }) => {
    const tenant = { tenantId: ctx.tenantId, name }
    if (!(await insertTenant(ctx, tenant))) {
      throw new Failure('conflict', `There is a tenant ${ctx.tenantId} already.`, { code: 'TENANT_EXISTS' })
    }
    return { result: tenant, subject: tenant.tenantId, after: auditedName(ctx, `tenant:${tenant.tenantId}`, tenant) }
  },
)
