import type { Logger } from 'pino'
import type { ScopeGrant } from '#kernel/authorization'
import type { Clock } from '#kernel/clock'
import type { Config } from '#kernel/config/config'
import type { Presented, Principal } from '#kernel/principal'
import type { Database } from '#kernel/database/pool'
import type { Signals } from '#kernel/database/signals'
import type { Route } from '#kernel/calls/route'
import type { ToolServer } from '#kernel/calls/tool'
import { keyAuthenticator } from './authenticate-key.ts'
import { createKey } from './create-key.ts'
import { guessGuard } from './guess-guard.ts'
import { listApiKeys, revokeApiKey } from './manage-keys.ts'
import { keyRoutes } from './routes.ts'
import type { KeyVerbs } from './routes.ts'
import { createServiceAccount, disableAccount, listAccounts } from './service-accounts.ts'

/** What is done with API keys and service accounts. */
export type Keys = KeyVerbs

export interface KeysNeeds {
  readonly config: Pick<Config, 'limits'>
  readonly database: Pick<Database, 'system'>
  readonly signals: Signals
  readonly clock: Clock
  readonly log: Logger
  /** The table of everything that can be granted, and the MCP servers there are: asked for once every module exists. */
  readonly scopes: () => readonly ScopeGrant[]
  readonly servers: () => readonly ToolServer[]
}

/** API keys and the callers that have nothing else: who has them, what they open, and for how long. */
export function openKeys(needs: KeysNeeds): {
  readonly api: Keys
  readonly routes: readonly Route[]
  readonly authenticate: (key: string, door: Presented) => Principal | Promise<Principal>
} {
  const { config, scopes, servers } = needs
  const grantable = () => ({ scopes: scopes(), servers: servers() })
  const api: Keys = {
    createKey: createKey(grantable),
    listKeys: listApiKeys,
    revokeKey: revokeApiKey,
    createServiceAccount: createServiceAccount(grantable),
    listServiceAccounts: listAccounts,
    disableServiceAccount: disableAccount,
  }
  const { enabled, perIpPerMinute } = config.limits
  const guard = guessGuard({
    perMinute: enabled ? perIpPerMinute : Infinity,
    milliseconds: () => performance.now(),
  })
  const authenticate = keyAuthenticator({ ...needs, guard })
  return { api, routes: keyRoutes(api), authenticate }
}
