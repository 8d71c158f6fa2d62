import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { requireScope } from '#kernel/writes/scope'
import { auditedName } from '../audited-name.ts'
import { tenantExists } from '../store.ts'
import type { CreateServiceAccountInput, ServiceAccount } from './contract.ts'
import { requireHeld, unknownScopes } from './grantable.ts'
import type { Grantable } from './grantable.ts'
import { disableServiceAccount, insertServiceAccount, listServiceAccounts } from './store/service-accounts.ts'

/** Makes a caller that is no person. It may do at most what whoever makes it may do, and goes on when they leave. */
export const createServiceAccount = (grantable: () => Grantable) =>
  change<CreateServiceAccountInput, ServiceAccount>(
    'access.create-service-account',
    'access:write',
    async (ctx, { name, scopes }) => {
      const problems = unknownScopes(scopes, grantable().scopes)
      if (problems.length > 0) throw new Failure('invalid', 'The service account was not made.', { problems })
      if (!(await tenantExists(ctx.db, ctx.tenantId)))
        throw new Failure('not_found', `There is no tenant ${ctx.tenantId}.`)
      requireHeld(ctx, scopes)
      const account = await insertServiceAccount(ctx, { serviceAccountId: newId('sva', ctx.clock()), name, scopes })
      const id = account.serviceAccountId
      return { result: account, subject: id, after: auditedName(ctx, `service-account:${id}`, account) }
    },
  )

export async function listAccounts(ctx: Ctx): Promise<ServiceAccount[]> {
  requireScope(ctx, 'access:read')
  return listServiceAccounts(ctx)
}

/** From the commit on, none of its keys is accepted anywhere. It stays in the list, and cannot be enabled again. */
export const disableAccount = change<{ serviceAccountId: string }, ServiceAccount>(
  'access.disable-service-account',
  'access:write',
  async (ctx, { serviceAccountId }) => {
    const disabled = await disableServiceAccount(ctx, serviceAccountId)
    if (disabled === undefined) throw new Failure('not_found', `There is no service account ${serviceAccountId}.`)
    const { account, keysRevoked } = disabled
    const after = { ...auditedName(ctx, `service-account:${serviceAccountId}`, account), keysRevoked }
    return { result: account, subject: serviceAccountId, after }
  },
)
