import type { Authenticate, Ctx } from '#kernel/context'
import { encryptedColumn } from '#kernel/encrypted-field'
import type { Module } from '#kernel/module'
import { authenticator } from './authenticate.ts'
import type { ApiKey, CreateKeyInput, Tenant } from './contract.ts'
import { openIdentity } from './identity/identity.ts'
import type { IdentityNeeds } from './identity/identity.ts'
import { signingKeyContext } from './identity/signing-keys.ts'
import type { IdentityWeb } from './identity/web.ts'
import { createKey, listApiKeys, revokeApiKey } from './manage-keys.ts'
import { listTenants } from './store.ts'
import { createTenant } from './tenants.ts'

export { CreateKeyInput, TenantId } from './contract.ts'

/** Tenants, people and API keys. */
export interface Access {
  readonly authenticate: Authenticate
  createTenant(ctx: Ctx, input: { name: string }): Promise<Tenant>
  /** Every tenant of this installation, by id. */
  tenants(): Promise<Tenant[]>
  createKey(ctx: Ctx, input: CreateKeyInput): Promise<{ key: string; apiKey: ApiKey }>
  listKeys(ctx: Ctx): Promise<ApiKey[]>
  revokeKey(ctx: Ctx, input: { keyId: string }): Promise<ApiKey>
  /** Answers a request to `/auth/…`: for pages that act for whoever sits before them. */
  readonly identityWeb: IdentityWeb
  /** Waits for mails under way, at most a few seconds. */
  close(): Promise<void>
}

export function accessModule(needs: IdentityNeeds): Module<Access> {
  const { database, signals, clock, log } = needs
  const identity = openIdentity(needs, { plugins: () => [], paths: [] })
  return {
    name: 'access',
    scopes: [
      { scope: 'access:read', describe: 'see the people, keys and sessions of the organisation', least: 'manager' },
      { scope: 'access:write', describe: 'invite and remove people, make and revoke keys', least: 'admin' },
    ],
    api: {
      authenticate: authenticator(database, signals, clock, log),
      createTenant,
      tenants: () => listTenants(database.system),
      createKey,
      listKeys: listApiKeys,
      revokeKey: revokeApiKey(signals),
      identityWeb: identity.web,
      close: () => identity.close(),
    },
    web: identity.mounts,
    encryptedFields: [
      encryptedColumn({
        name: 'access.signing-keys',
        table: 'access.signing_keys',
        key: ['id'],
        column: 'private_key',
        context: signingKeyContext,
      }),
    ],
  }
}
