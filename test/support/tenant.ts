import { randomBytes } from 'node:crypto'
import { personKeys as openPersonKeys } from '../../src/kernel/audit/person-keys.ts'
import { confirmTokens } from '../../src/kernel/calls/confirm-tokens.ts'
import { tieredCache } from '../../src/kernel/cache/tiered-cache.ts'
import type { Clock } from '../../src/kernel/clock.ts'
import type { Ctx } from '../../src/kernel/context.ts'
import type { Scope } from '#kernel/principal'
import type { DomainEvent, Outbox } from '../../src/kernel/writes/outbox.ts'
import { createKeyring } from '../../src/kernel/crypto/keyring.ts'
import type { TestDatabase } from './database.ts'
import { quiet } from './database.ts'

export interface TestTenant {
  readonly tenantId: string
  /** The events written to the outbox, in order, whether they were committed or not. */
  readonly published: readonly DomainEvent[]
  /** A request context of this tenant. Default: every scope. */
  ctx(options?: { scopes?: readonly Scope[]; clock?: Clock; signal?: AbortSignal; userId?: string }): Ctx
}

/** The default time of test clocks. */
export const TEST_NOW = new Date('2026-11-20T12:00:00.000Z')

/** The keyring of tests. */
export const TEST_ROOT_KEY = Buffer.alloc(32, 'plimsoll test root key')

/** Issues and checks confirm tokens at the default time of test clocks. */
export const TEST_CONFIRM_TOKENS = confirmTokens(createKeyring([TEST_ROOT_KEY]), () => TEST_NOW)

const EVERY_SCOPE: readonly Scope[] = [
  'access:read',
  'access:write',
  'audit:read',
  'customers:read',
  'customers:write',
  'events:write',
  'keys:read',
  'keys:write',
  'privacy:read',
  'privacy:write',
  'tasks:read',
  'tasks:write',
]

/** A set that contains every scope, also scopes of modules that are not listed above. */
class EveryScope extends Set<Scope> {
  override has(): boolean {
    return true
  }
}

/** A new tenant, with its row in `access.tenants`. */
export async function testTenant(database: TestDatabase): Promise<TestTenant> {
  const tenantId = `t-${randomBytes(6).toString('hex')}`
  await database.owner.query('insert into access.tenants (tenant_id, name, created_at) values ($1, $2, $3)', [
    tenantId,
    'Test tenant',
    TEST_NOW,
  ])
  const keys = { db: database.statements, keyring: createKeyring([TEST_ROOT_KEY]), clock: () => TEST_NOW }
  const personKeys = openPersonKeys(keys)
  const published: DomainEvent[] = []
  const cache = tieredCache({ entriesMax: 1000, log: quiet })
  const outbox: Outbox = {
    publish: async (tx, publisher, events) => {
      published.push(...events)
      await database.queue.outbox.publish(tx, publisher, events)
    },
  }
  return {
    tenantId,
    published,
    ctx: ({ scopes = EVERY_SCOPE, clock = () => TEST_NOW, signal = new AbortController().signal, userId } = {}) => ({
      tenantId,
      actor: { kind: 'key', id: 'key_test', name: 'test' },
      scopes: scopes === EVERY_SCOPE ? new EveryScope(scopes) : new Set(scopes),
      ...(userId !== undefined && { userId }),
      requestId: 'req_test',
      signal,
      clock,
      db: database.forTenant(tenantId, { signal }),
      cache,
      outbox,
      personKeys,
      log: quiet,
    }),
  }
}
