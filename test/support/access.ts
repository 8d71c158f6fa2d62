import { randomBytes } from 'node:crypto'
import type { ScopeGrant } from '../../src/kernel/authorization.ts'
import type { Clock } from '../../src/kernel/clock.ts'
import { loadConfig } from '../../src/settings.ts'
import type { Signals } from '../../src/kernel/database/signals.ts'
import { createKeyring } from '../../src/kernel/crypto/keyring.ts'
import { createMetrics } from '../../src/kernel/telemetry/metrics.ts'
import { createOutbound } from '../../src/kernel/outbound/outbound.ts'
import { publicUrlOf } from '../../src/kernel/network/public-url.ts'
import { accessModule } from '../../src/modules/access/index.ts'
import { quiet } from './database.ts'
import type { TestDatabase } from './database.ts'

/** The access module of one process, without surfaces. */
export function testAccess(database: TestDatabase, signals: Signals, clock: Clock) {
  return accessModule({
    config: loadConfig({
      ENVIRONMENT: 'test',
      BETTER_AUTH_SECRET: randomBytes(32).toString('base64url'),
      JWT_SECRET: randomBytes(32).toString('base64url'),
    }),
    database,
    signals,
    clock,
    log: quiet,
    keyring: createKeyring([randomBytes(32)]),
    audit: { record: async () => undefined },
    metrics: createMetrics('test'),
    publicUrl: publicUrlOf('http://127.0.0.1:8080'),
    outbound: createOutbound(),
    scopes: () => TABLE,
    servers: () => [{ name: 'customers', title: 'Customers', instructions: '', toolsets: { health: [] } }],
    resources: () => [],
  })
}

/** The scopes that keys of these tests can have. */
const TABLE: readonly ScopeGrant[] = [
  { scope: 'customers:read', describe: 'read customers', least: 'read-only' },
  { scope: 'customers:write', describe: 'change customers', least: 'member' },
  { scope: 'access:write', describe: 'manage access', least: 'admin' },
]
