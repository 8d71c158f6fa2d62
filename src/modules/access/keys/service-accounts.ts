import { z } from 'zod'
import { query } from '#kernel/calls/operation'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { change } from '#kernel/writes/change'
import { auditedName } from '../audited-name.ts'
import { tenantExists } from '../store.ts'
import { CreateServiceAccountInput, ServiceAccountId } from './contract.ts'
import type { ServiceAccount } from './contract.ts'
import { requireHeld, unknownScopes } from './grantable.ts'
import type { Grantable } from './grantable.ts'
import { disableServiceAccount, insertServiceAccount, listServiceAccounts } from './store/service-accounts.ts'

/** Creates a service account. Its scopes are limited to the creator's, and it stays when the creator leaves. */
export const createServiceAccount = (grantable: () => Grantable) =>
  change({
    action: 'access.create-service-account',
    scope: 'access:write',
    effect: 'create',
    input: CreateServiceAccountInput,
    output: z.custom<ServiceAccount>(),
    async work(ctx, { name, scopes }) {
      const problems = unknownScopes(scopes, grantable().scopes)
      if (problems.length > 0) throw new Failure('invalid', 'The service account was not created.', { problems })
      if (!(await tenantExists(ctx))) throw new Failure('not_found', `There is no tenant ${ctx.tenantId}.`)
      requireHeld(ctx, scopes)
      const id = newId('sva', ctx.clock())
      const account = await insertServiceAccount(ctx, { service_account_id: id, name, scopes })
      return { result: account, subject: id, after: auditedName(ctx, `service-account:${id}`, account) }
    },
  })

export const listAccounts = query({
  scope: 'access:read',
  input: z.strictObject({}),
  output: z.custom<ServiceAccount[]>(),
  run: listServiceAccounts,
})

/** Disables a service account for good. From the commit on no process accepts its keys. It stays in the list. */
export const disableAccount = change({
  action: 'access.disable-service-account',
  scope: 'access:write',
  effect: 'destroy',
  input: z.strictObject({ serviceAccountId: ServiceAccountId }),
  output: z.custom<ServiceAccount>(),
  async work(ctx, { serviceAccountId }) {
    const disabled = await disableServiceAccount(ctx, serviceAccountId)
    if (disabled === undefined) throw new Failure('not_found', `There is no service account ${serviceAccountId}.`)
    const { account, keysRevoked } = disabled
    const after = { ...auditedName(ctx, `service-account:${serviceAccountId}`, account), keysRevoked }
    return { result: account, subject: serviceAccountId, after }
  },
})
