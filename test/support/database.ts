import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, inject } from 'vitest'
import { openCache } from '#kernel/cache/tiered-cache'
import { DatabaseSettings } from '#kernel/config/database'
import type { Ctx, Scope } from '#kernel/context'
import { type Database, openDatabase } from '#kernel/database/pool'
import { type JobQueue, openJobQueue } from '#kernel/job-queue'
import { testClock } from './clock.ts'

/** A database of this test file's own, migrated and empty, and what runs on it. */
export interface TestDatabase extends Database {
  /** Superuser's URL of this very database. */
  readonly url: string
  /** Enqueues; runs nothing. */
  readonly queue: JobQueue
}

export interface TestTenant {
  readonly tenantId: string
  /** A context of a key of this tenant; every scope in `TEST_SCOPES` unless told otherwise. */
  ctx(scopes?: readonly Scope[], options?: { readonly signal?: AbortSignal; readonly clock?: Ctx['clock'] }): Ctx
}

/** What a test's key may do when the test does not say. */
export const TEST_SCOPES: readonly Scope[] = ['access:read', 'access:write', 'customers:read', 'customers:write']

/** Quiet unless something is wrong. */
export const testLog = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'error' })

/**
 * Clones the migrated template; dropped after the test file (or the `describe` it is called in). Call it at the top:
 * `const database = await testDatabase()`.
 */
export async function testDatabase(settings: Readonly<Record<string, string>> = {}): Promise<TestDatabase> {
  const serverUrl = inject('databaseServerUrl')
  const name = `plimsoll_test_${randomBytes(6).toString('hex')}`
  await onServer(serverUrl, `create database ${name} template ${inject('databaseTemplate')}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const database = openDatabase({
    url: url.href,
    settings: DatabaseSettings.parse({ poolSize: 8, poolOverflow: 4, ...settings }),
    log: testLog,
    observe: { started: () => () => undefined },
  })
  const queue = await openJobQueue({ owner: database.owner, log: testLog, work: false })
  afterAll(async () => {
    await queue.close(1)
    await database.close()
    await onServer(serverUrl, `drop database ${name} with (force)`)
  })
  return { ...database, url: url.href, queue }
}

/** A tenant nobody else uses. */
export async function testTenant(database: TestDatabase, name = 'Test tenant'): Promise<TestTenant> {
  const tenantId = `tnt_${randomBytes(8).toString('hex')}`
  await database.owner.query('insert into access.tenants (tenant_id, name, created_at) values ($1, $2, now())', [
    tenantId,
    name,
  ])
  const cache = openCache({ entriesMax: 1000, log: testLog })
  return {
    tenantId,
    ctx: (scopes = TEST_SCOPES, options = {}) => {
      const signal = options.signal ?? new AbortController().signal
      return {
        tenantId,
        actor: { kind: 'key', id: 'key_test', name: 'Test key' },
        scopes: new Set(scopes),
        requestId: `req_${randomBytes(6).toString('hex')}`,
        signal,
        clock: options.clock ?? testClock(),
        db: database.forTenant(tenantId, { signal }),
        cache,
        outbox: database.queue.outbox,
        log: testLog,
      }
    },
  }
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
