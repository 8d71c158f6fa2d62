import type { Logger } from 'pino'
import type { ScopeGrant } from '#kernel/authorization'
import type { Clock } from '#kernel/clock'
import type { Config } from '#kernel/config/config'
import type { Ctx } from '#kernel/context'
import type { AccessRequest, Principal } from '#kernel/principal'
import type { Database } from '#kernel/database/pool'
import type { Signals } from '#kernel/database/signals'
import type { Route } from '#kernel/calls/route'
import type { ToolServer } from '#kernel/calls/tool'
import { keyAuthenticator } from './authenticate-key.ts'
import type { ApiKey, ServiceAccount } from './contract.ts'
import { guessGuard } from './guess-guard.ts'
import { keyOperations } from './operations.ts'
import type { KeyOperations } from './operations.ts'
import { keyRoutes } from './routes.ts'

/** The operations on API keys and service accounts. */
export interface Keys extends Omit<KeyOperations, 'listKeys' | 'listServiceAccounts'> {
  listKeys(ctx: Ctx): Promise<ApiKey[]>
  listServiceAccounts(ctx: Ctx): Promise<ServiceAccount[]>
}

export interface KeysNeeds {
  readonly config: Pick<Config, 'limits'>
  readonly database: Pick<Database, 'system'>
  readonly signals: Signals
  readonly clock: Clock
  readonly log: Logger
  /** Every scope that can be granted, and every MCP server. Called only once every module is loaded. */
  readonly scopes: () => readonly ScopeGrant[]
  readonly servers: () => readonly ToolServer[]
}

/** API keys and service accounts: their operations, routes and authentication. */
export function openKeys(needs: KeysNeeds): {
  readonly api: Keys
  readonly routes: readonly Route[]
  readonly authenticate: (key: string, request: AccessRequest) => Principal | Promise<Principal>
} {
  const { config, scopes, servers } = needs
  const operations = keyOperations(() => ({ scopes: scopes(), servers: servers() }))
  const api: Keys = {
    ...operations,
    listKeys: (ctx) => operations.listKeys(ctx, {}),
    listServiceAccounts: (ctx) => operations.listServiceAccounts(ctx, {}),
  }
  const { enabled, perIpPerMinute } = config.limits
  const guard = guessGuard({
    perMinute: enabled ? perIpPerMinute : Infinity,
    milliseconds: () => performance.now(),
  })
  const authenticate = keyAuthenticator({ ...needs, guard })
  return { api, routes: keyRoutes(operations), authenticate }
}
