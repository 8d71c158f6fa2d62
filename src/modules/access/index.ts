import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import type { Authenticate, Ctx } from '#kernel/context'
import type { Database } from '#kernel/database/pool'
import type { Signals } from '#kernel/database/signals'
import type { Module } from '#kernel/module'
import { authenticator } from './authenticate.ts'
import type { ApiKey, CreateKeyInput, Tenant } from './contract.ts'
import { createKey, listApiKeys, revokeApiKey } from './manage-keys.ts'
import { listTenants } from './store.ts'
import { createTenant } from './tenants.ts'

export { CreateKeyInput, TenantId } from './contract.ts'

/** Tenants and API keys. */
export interface Access {
  readonly authenticate: Authenticate
  createTenant(ctx: Ctx, input: { name: string }): Promise<Tenant>
  /** Every tenant of this installation, by id. */
  tenants(): Promise<Tenant[]>
  createKey(ctx: Ctx, input: CreateKeyInput): Promise<{ key: string; apiKey: ApiKey }>
  listKeys(ctx: Ctx): Promise<ApiKey[]>
  revokeKey(ctx: Ctx, input: { keyId: string }): Promise<ApiKey>
}

export function accessModule(needs: {
  database: Database
  signals: Signals
  clock: Clock
  log: Logger
}): Module<Access> {
  const { database, signals, clock, log } = needs
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
    },
  }
}
