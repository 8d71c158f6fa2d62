import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openSignals } from '#kernel/database/signals'
import type { Signals } from '#kernel/database/signals'
import { testAccess } from '../../../test/support/access.ts'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import type { TestDatabase } from '../../../test/support/database.ts'
import { TEST_NOW, testTenant } from '../../../test/support/tenant.ts'
import type { Access } from './index.ts'

let database: TestDatabase
let signals: Signals[]
/** Two processes on one database. */
let here: Access
let there: Access
let now = TEST_NOW

beforeAll(async () => {
  database = await testDatabase()
  const open = () => openSignals({ connection: { connectionString: database.url }, log: quiet })
  signals = await Promise.all([open(), open()])
  const [mine, other] = signals.map((signal) => testAccess(database, signal, () => now).api)
  if (mine === undefined || other === undefined) throw new Error('two processes are needed')
  here = mine
  there = other
})

afterAll(async () => {
  await Promise.all(signals.map((one) => one.close()))
})

const input = { name: 'support agent', scopes: ['customers:read' as const] }

const REQUEST = { address: '127.0.0.1', resource: 'http://127.0.0.1/mcp' }

describe('an API key', () => {
  it('authenticates for its tenant with its scopes, and is stored only as a hash', async () => {
    const tenant = await testTenant(database)
    const { key, apiKey } = await here.createKey(tenant.ctx(), input)
    expect(key).toMatch(/^plim_[A-Za-z0-9_-]{43}$/)
    expect(await here.authenticate(`Bearer ${key}`, REQUEST)).toEqual({
      tenantId: tenant.tenantId,
      actor: { kind: 'key', id: apiKey.keyId, name: 'support agent' },
      scopes: new Set(['customers:read']),
    })
    const { rows } = await database.owner.query('select k::text as row from access.api_keys k where tenant_id = $1', [
      tenant.tenantId,
    ])
    expect(JSON.stringify(rows)).not.toContain(key.slice(12))
    const audit = await sql<{ row: string }>`select e::text as row from audit.events e`.execute(tenant.ctx().db)
    expect(audit.rows).toHaveLength(1)
    expect(JSON.stringify(audit.rows)).not.toContain(key.slice(12))
  })

  it('is authenticated synchronously once it is cached', async () => {
    const tenant = await testTenant(database)
    const { key } = await here.createKey(tenant.ctx(), input)
    await here.authenticate(`Bearer ${key}`, REQUEST)
    expect(here.authenticate(`Bearer ${key}`, REQUEST)).toMatchObject({ tenantId: tenant.tenantId })
  })

  it('revoked in one process is refused at once in the other', async () => {
    const tenant = await testTenant(database)
    const { key, apiKey } = await here.createKey(tenant.ctx(), input)
    await Promise.all([here.authenticate(`Bearer ${key}`, REQUEST), there.authenticate(`Bearer ${key}`, REQUEST)])
    await here.revokeKey(tenant.ctx(), { keyId: apiKey.keyId })
    await vi.waitFor(async () => {
      await expect(async () => there.authenticate(`Bearer ${key}`, REQUEST)).rejects.toMatchObject({
        kind: 'unauthenticated',
      })
    })
    await expect(async () => here.authenticate(`Bearer ${key}`, REQUEST)).rejects.toThrow('revoked')
  })

  it('is not served from the cache while the signal connection is down', async () => {
    const tenant = await testTenant(database)
    const closing = await openSignals({ connection: { connectionString: database.url }, log: quiet })
    const alone = testAccess(database, closing, () => now).api
    const { key, apiKey } = await here.createKey(tenant.ctx(), input)
    await alone.authenticate(`Bearer ${key}`, REQUEST)
    await closing.close()
    await here.revokeKey(tenant.ctx(), { keyId: apiKey.keyId })
    await expect(async () => alone.authenticate(`Bearer ${key}`, REQUEST)).rejects.toThrow('revoked')
  })

  it('is refused after its expiry, even when it is cached', async () => {
    const tenant = await testTenant(database)
    const { key } = await here.createKey(tenant.ctx(), { ...input, expiresAt: new Date(TEST_NOW.getTime() + 1000) })
    expect(await here.authenticate(`Bearer ${key}`, REQUEST)).toMatchObject({ tenantId: tenant.tenantId })
    now = new Date(TEST_NOW.getTime() + 1000)
    await expect(async () => here.authenticate(`Bearer ${key}`, REQUEST)).rejects.toThrow('expired')
    now = TEST_NOW
  })

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer x',
    'Basic abc',
    `Bearer plim_${'a'.repeat(43)}`,
    `Bearer plim_${'a'.repeat(9000)}`,
  ])('is required: %j is refused', async (authorization) => {
    await expect(async () => here.authenticate(authorization, REQUEST)).rejects.toMatchObject({
      kind: 'unauthenticated',
    })
  })
})

describe('a process whose signal connection is down', () => {
  it('does not cache a key read meanwhile, even if the connection is back before the row arrives', async () => {
    const tenant = await testTenant(database)
    const { key } = await here.createKey(tenant.ctx(), input)
    let connected = false
    const reconnecting: Signals = {
      get connected() {
        return connected
      },
      publish: async () => undefined,
      subscribe: () => () => undefined,
      onLost: () => undefined,
      onRestored: () => undefined,
      close: async () => undefined,
    }
    const { api } = testAccess(database, reconnecting, () => now)
    const reading = api.authenticate(`Bearer ${key}`, REQUEST)
    connected = true
    await reading
    expect(api.authenticate(`Bearer ${key}`, REQUEST)).toBeInstanceOf(Promise)
    await api.authenticate(`Bearer ${key}`, REQUEST)
    expect(api.authenticate(`Bearer ${key}`, REQUEST)).toMatchObject({ tenantId: tenant.tenantId })
  })
})

describe('managing keys', () => {
  it('requires the key and access scopes', async () => {
    const tenant = await testTenant(database)
    const reader = tenant.ctx({ scopes: ['customers:read', 'customers:write'] })
    await expect(here.createKey(reader, input)).rejects.toMatchObject({ kind: 'forbidden' })
    await expect(here.listKeys(reader)).rejects.toMatchObject({ kind: 'forbidden' })
    await expect(here.listKeys(tenant.ctx({ scopes: ['keys:read'] })), 'without a person').rejects.toMatchObject({
      scopesNeeded: ['access:read'],
    })
    await expect(here.revokeKey(reader, { keyId: 'key_x' })).rejects.toMatchObject({ kind: 'forbidden' })
  })

  it('does not find the key of another tenant', async () => {
    const [mine, theirs] = [await testTenant(database), await testTenant(database)]
    const { key, apiKey } = await here.createKey(theirs.ctx(), input)
    await expect(here.revokeKey(mine.ctx(), { keyId: apiKey.keyId })).rejects.toMatchObject({ kind: 'not_found' })
    expect(await here.listKeys(mine.ctx())).toEqual([])
    expect(await here.authenticate(`Bearer ${key}`, REQUEST)).toMatchObject({ tenantId: theirs.tenantId })
  })

  it('writes an audit row for creating and for revoking', async () => {
    const tenant = await testTenant(database)
    const { apiKey } = await here.createKey(tenant.ctx(), input)
    await here.revokeKey(tenant.ctx(), { keyId: apiKey.keyId })
    const { rows } = await sql<{ action: string; subject: string }>`
      select action, subject from audit.events order by action`.execute(tenant.ctx().db)
    expect(rows.map((row) => [row.action, row.subject])).toEqual([
      ['access.create-key', apiKey.keyId],
      ['access.revoke-key', apiKey.keyId],
    ])
  })

  it('in an unknown tenant fails with not_found', async () => {
    const tenant = await testTenant(database)
    const nowhere = { ...tenant.ctx(), tenantId: 'nowhere', db: database.forTenant('nowhere') }
    await expect(here.createKey(nowhere, input)).rejects.toMatchObject({ kind: 'not_found' })
  })

  it('creates a tenant once', async () => {
    const db = database.forTenant('acme')
    const ctx = { ...(await testTenant(database)).ctx(), tenantId: 'acme', db }
    expect(await here.createTenant(ctx, { name: 'Acme' })).toEqual({ tenantId: 'acme', name: 'Acme' })
    await expect(here.createTenant(ctx, { name: 'Acme' })).rejects.toMatchObject({ code: 'TENANT_EXISTS' })
    expect(await here.tenants()).toContainEqual({ tenantId: 'acme', name: 'Acme' })
  })
})
