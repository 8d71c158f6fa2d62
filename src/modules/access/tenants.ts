import { z } from 'zod'
import { Failure } from '#kernel/failure'
import { change } from '#kernel/writes/change'
import { auditedName } from './audited-name.ts'
import { Tenant } from './contract.ts'
import { insertTenant } from './store.ts'

/** Creates the tenant whose id the context carries. */
export const createTenant = change({
  action: 'access.create-tenant',
  scope: 'access:write',
  effect: 'create',
  input: z.strictObject({ name: z.string() }),
  output: Tenant,
  async work(ctx, { name }) {
    const tenant = { tenantId: ctx.tenantId, name }
    if (!(await insertTenant(ctx, name))) {
      throw new Failure('conflict', `The tenant ${ctx.tenantId} already exists.`, { code: 'TENANT_EXISTS' })
    }
    return { result: tenant, subject: tenant.tenantId, after: auditedName(ctx, `tenant:${tenant.tenantId}`, tenant) }
  },
})
