import { createKey } from './create-key.ts'
import type { Grantable } from './grantable.ts'
import { listApiKeys, revokeApiKey } from './manage-keys.ts'
import { createServiceAccount, disableAccount, listAccounts } from './service-accounts.ts'

export type KeyOperations = ReturnType<typeof keyOperations>

/** Every operation on API keys and service accounts. */
export function keyOperations(grantable: () => Grantable) {
  return {
    createKey: createKey(grantable),
    listKeys: listApiKeys,
    revokeKey: revokeApiKey,
    createServiceAccount: createServiceAccount(grantable),
    listServiceAccounts: listAccounts,
    disableServiceAccount: disableAccount,
  }
}
