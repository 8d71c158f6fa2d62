import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Role, Scope } from '#kernel/principal'
import { openSignals } from '#kernel/database/signals'
import type { Signals } from '#kernel/database/signals'
import { testAccess } from '../../../../test/support/access.ts'
import { signedIn } from '../../../../test/support/credentials.ts'
import { quiet, testDatabase } from '../../../../test/support/database.ts'
import { afterWaiting } from '../../../../test/support/race.ts'
import { TEST_NOW, testTenant } from '../../../../test/support/tenant.ts'
import type { TestTenant } from '../../../../test/support/tenant.ts'
import type { Access } from '../index.ts'

const database = await testDatabase()
let signals: Signals[]
/** Two processes on one database. */
let here: Access
let there: Access

beforeAll(async () => {
  const open = () => openSignals({ connection: { connectionString: database.url }, log: quiet })
  signals = await Promise.all([open(), open()])
  const [mine, other] = signals.map((signal) => testAccess(database, signal, () => TEST_NOW).api)
  if (mine === undefined || other === undefined) throw new Error('two processes are needed')
  here = mine
  there = other
})
afterAll(async () => {
  await Promise.all(signals.map((one) => one.close()))
})

const REQUEST = { address: '203.0.113.7', resource: 'http://127.0.0.1/mcp' }
const BOTH: readonly Scope[] = ['customers:read', 'customers:write']

/** A member with a key of their own that both processes have cached. */
async function memberWithKey(role: Role, scopes: readonly Scope[] = BOTH) {
  const tenant = await testTenant(database)
  const person = await signedIn(database, tenant.tenantId, role)
  const ctx = tenant.ctx({ userId: person.userId, scopes: ['keys:read', 'keys:write', ...BOTH] })
  const { key, apiKey } = await here.createKey(ctx, { name: 'own', scopes: [...scopes] })
  await Promise.all([authenticate(here, key), authenticate(there, key)])
  return { tenant, person, ctx, key, apiKey }
}

const authenticate = async (access: Access, key: string) => access.authenticate(`Bearer ${key}`, REQUEST)
const scopesIn = async (access: Access, key: string) => [...(await authenticate(access, key)).scopes]

async function expectRefusedEverywhere(key: string, message: string): Promise<void> {
  for (const access of [here, there]) {
    await vi.waitFor(async () => expect(authenticate(access, key)).rejects.toThrow(message), { interval: 5 })
  }
}

const auditOf = async ({ tenantId }: TestTenant) => {
  const sql = 'select action, subject from audit.events where tenant_id = $1 order by action'
  const { rows } = await database.owner.query<{ action: string; subject: string }>(sql, [tenantId])
  return rows.map(({ action, subject }) => `${action} ${subject}`)
}

describe('a key that a person created', () => {
  it('acts for them', async () => {
    const { key, person } = await memberWithKey('manager')
    expect(await authenticate(here, key)).toMatchObject({ userId: person.userId, actor: { kind: 'key' } })
  })

  it('is limited to the scopes of their current role in every process, as soon as the role changes', async () => {
    const { key, person } = await memberWithKey('member')
    expect(await scopesIn(here, key)).toEqual(BOTH)
    const setRole = (role: Role) =>
      database.owner.query('update access.members set role = $2 where user_id = $1', [person.userId, role])
    await setRole('read-only')
    for (const access of [here, there]) {
      await vi.waitFor(async () => expect(await scopesIn(access, key)).toEqual(['customers:read']), { interval: 5 })
    }
    await setRole('member')
    await vi.waitFor(async () => expect(await scopesIn(there, key)).toEqual(BOTH), { interval: 5 })
  })

  it('is revoked in every process when they leave, and stays revoked when they return', async () => {
    const { tenant, key, person } = await memberWithKey('member')
    await database.owner.query('delete from access.members where user_id = $1', [person.userId])
    await expectRefusedEverywhere(key, 'revoked')
    await database.owner.query(
      `insert into access.members (tenant_id, id, user_id, role, created_at) values ($1, 'mem_again', $2, 'owner', now())`,
      [tenant.tenantId, person.userId],
    )
    await expect(authenticate(here, key)).rejects.toThrow('revoked')
  })

  it('cannot have a scope that they do not hold', async () => {
    const { ctx, tenant } = await memberWithKey('member')
    const more = here.createKey(ctx, { name: 'more', scopes: ['access:write'] })
    await expect(more).rejects.toMatchObject({ kind: 'forbidden', scopesNeeded: ['access:write'] })
    expect(await auditOf(tenant)).toHaveLength(1)
  })

  it('is refused to a person who is not a member, and requires access:write when it has no owner', async () => {
    const tenant = await testTenant(database)
    const stranger = tenant.ctx({ userId: 'usr_nobody', scopes: ['keys:write', ...BOTH] })
    await expect(here.createKey(stranger, { name: 'k', scopes: [...BOTH] })).rejects.toThrow('not a member')
    const nobody = tenant.ctx({ scopes: ['keys:write', ...BOTH] })
    await expect(here.createKey(nobody, { name: 'k', scopes: [...BOTH] })).rejects.toMatchObject({
      scopesNeeded: ['access:write'],
    })
  })

  it('is listed and revoked by its owner, and not found by members without access:read', async () => {
    const { tenant, ctx, apiKey } = await memberWithKey('member')
    const other = await signedIn(database, tenant.tenantId, 'member')
    const others = tenant.ctx({ userId: other.userId, scopes: ['keys:read', 'keys:write', ...BOTH] })
    expect(await here.listKeys(others)).toEqual([])
    await expect(here.revokeKey(others, { keyId: apiKey.keyId })).rejects.toMatchObject({ kind: 'not_found' })
    expect((await here.listKeys(ctx)).map(({ keyId }) => keyId)).toEqual([apiKey.keyId])
    await here.revokeKey(ctx, { keyId: apiKey.keyId })
    expect(await auditOf(tenant)).toEqual([`access.create-key ${apiKey.keyId}`, `access.revoke-key ${apiKey.keyId}`])
  })
})

describe('creating a key waits for a concurrent revocation, and is refused after it', () => {
  it('of the membership of its owner', async () => {
    const { tenant, person, ctx } = await memberWithKey('member')
    const first = {
      sql: 'delete from access.members where tenant_id = $1 and user_id = $2',
      values: [tenant.tenantId, person.userId],
    }
    const late = afterWaiting(database, first, () => here.createKey(ctx, { name: 'late', scopes: [...BOTH] }))
    await expect(late).rejects.toThrow('not a member')
  })

  it('of the key that creates it', async () => {
    const { tenant, person, apiKey } = await memberWithKey('member')
    const calling = {
      ...tenant.ctx({ userId: person.userId, scopes: ['keys:write', ...BOTH] }),
      actor: { kind: 'key', id: apiKey.keyId, name: 'own' } as const,
    }
    const first = {
      sql: 'update access.api_keys set revoked_at = now() where tenant_id = $1 and key_id = $2',
      values: [tenant.tenantId, apiKey.keyId],
    }
    const late = afterWaiting(database, first, () => here.createKey(calling, { name: 'late', scopes: [...BOTH] }))
    await expect(late).rejects.toThrow('revoked')
  })

  it('of its service account', async () => {
    const tenant = await testTenant(database)
    const { serviceAccountId } = await here.createServiceAccount(tenant.ctx(), { name: 'import', scopes: [...BOTH] })
    const first = {
      sql: 'update access.service_accounts set disabled_at = now() where tenant_id = $1 and service_account_id = $2',
      values: [tenant.tenantId, serviceAccountId],
    }
    const input = { name: 'late', scopes: [...BOTH], serviceAccountId }
    await expect(afterWaiting(database, first, () => here.createKey(tenant.ctx(), input))).rejects.toThrow('disabled')
  })
})

describe('a key created with another key', () => {
  it('is revoked with it', async () => {
    const { tenant, person, key, apiKey } = await memberWithKey('member', ['customers:read'])
    const calling = {
      ...tenant.ctx({ userId: person.userId, scopes: ['keys:write', 'customers:read'] }),
      actor: { kind: 'key', id: apiKey.keyId, name: 'own' } as const,
    }
    const child = await here.createKey(calling, { name: 'child', scopes: ['customers:read'] })
    await Promise.all([authenticate(here, child.key), authenticate(there, child.key)])
    await here.revokeKey(tenant.ctx(), { keyId: apiKey.keyId })
    await expectRefusedEverywhere(child.key, 'revoked')
    await expectRefusedEverywhere(key, 'revoked')
    await expect(here.createKey(calling, { name: 'late', scopes: ['customers:read'] })).rejects.toThrow('revoked')
  })

  it('cannot expire after it', async () => {
    const tenant = await testTenant(database)
    const expiresAt = new Date(TEST_NOW.getTime() + 60_000)
    const { apiKey } = await here.createKey(tenant.ctx(), { name: 'short', scopes: [...BOTH], expiresAt })
    const calling = { ...tenant.ctx(), actor: { kind: 'key', id: apiKey.keyId, name: 'short' } as const }
    for (const later of [undefined, new Date(expiresAt.getTime() + 1)]) {
      const made = here.createKey(calling, { name: 'k', scopes: [...BOTH], ...(later && { expiresAt: later }) })
      await expect(made).rejects.toMatchObject({ problems: [{ path: 'expiresAt', example: expiresAt.toISOString() }] })
    }
    await expect(here.createKey(calling, { name: 'k', scopes: [...BOTH], expiresAt })).resolves.toBeDefined()
  })

  it.each([
    { readOnly: true },
    { networks: ['203.0.113.0/24'] },
    { servers: ['customers'] },
    { toolsets: ['customers/health'] },
  ])('is refused when that key is restricted: %j', async (bounds) => {
    const tenant = await testTenant(database)
    const { apiKey } = await here.createKey(tenant.ctx(), { name: 'bound', scopes: [...BOTH], ...bounds })
    const calling = { ...tenant.ctx(), actor: { kind: 'key', id: apiKey.keyId, name: 'bound' } as const }
    const made = here.createKey(calling, { name: 'free', scopes: [...BOTH] })
    await expect(made).rejects.toMatchObject({ kind: 'forbidden', code: 'OUT_OF_BOUNDS' })
  })
})

describe('a service account', () => {
  const account = async (tenant: TestTenant, scopes: Scope[] = ['customers:read']) =>
    here.createServiceAccount(tenant.ctx(), { name: 'import', scopes })

  it('has keys that act for no person and are limited to its scopes', async () => {
    const tenant = await testTenant(database)
    const { serviceAccountId } = await account(tenant)
    const ctx = tenant.ctx({ userId: 'usr_admin' })
    const { key } = await here.createKey(ctx, { name: 'k', scopes: ['customers:read'], serviceAccountId })
    const principal = await authenticate(here, key)
    expect([principal.userId, [...principal.scopes]]).toEqual([undefined, ['customers:read']])
    const beyond = here.createKey(ctx, { name: 'k', scopes: [...BOTH], serviceAccountId })
    await expect(beyond).rejects.toMatchObject({ problems: [{ path: 'scopes' }] })
  })

  it('has its keys revoked in every process when it is disabled, and gets no new ones', async () => {
    const tenant = await testTenant(database)
    const { serviceAccountId } = await account(tenant)
    const input = { name: 'k', scopes: ['customers:read' as const], serviceAccountId }
    const { key, apiKey } = await here.createKey(tenant.ctx(), input)
    await Promise.all([authenticate(here, key), authenticate(there, key)])
    const disabled = await here.disableServiceAccount(tenant.ctx(), { serviceAccountId })
    expect(disabled.disabledAt).toEqual(TEST_NOW)
    await expectRefusedEverywhere(key, 'revoked')
    await expect(here.createKey(tenant.ctx(), input)).rejects.toThrow('disabled')
    expect(await auditOf(tenant)).toEqual([
      `access.create-key ${apiKey.keyId}`,
      `access.create-service-account ${serviceAccountId}`,
      `access.disable-service-account ${serviceAccountId}`,
    ])
  })

  it('requires the access scopes, and cannot have a scope that its creator does not hold', async () => {
    const tenant = await testTenant(database)
    const reader = tenant.ctx({ scopes: ['keys:write', 'customers:read'] })
    await expect(here.createServiceAccount(reader, { name: 'x', scopes: ['customers:read'] })).rejects.toMatchObject({
      kind: 'forbidden',
    })
    await expect(here.listServiceAccounts(reader)).rejects.toMatchObject({ kind: 'forbidden' })
    const admin = tenant.ctx({ scopes: ['access:write', 'customers:read'] })
    await expect(here.createServiceAccount(admin, { name: 'x', scopes: [...BOTH] })).rejects.toMatchObject({
      scopesNeeded: ['customers:write'],
    })
    const { serviceAccountId } = await account(tenant)
    const made = here.createKey(reader, { name: 'k', scopes: ['customers:read'], serviceAccountId })
    await expect(made).rejects.toMatchObject({ scopesNeeded: ['access:write'] })
  })

  it('of another tenant is not found', async () => {
    const [mine, theirs] = [await testTenant(database), await testTenant(database)]
    const { serviceAccountId } = await account(theirs)
    expect(await here.listServiceAccounts(mine.ctx())).toEqual([])
    await expect(here.disableServiceAccount(mine.ctx(), { serviceAccountId })).rejects.toMatchObject({
      kind: 'not_found',
    })
    const made = here.createKey(mine.ctx(), { name: 'k', scopes: ['customers:read'], serviceAccountId })
    await expect(made).rejects.toMatchObject({ kind: 'not_found' })
  })
})

describe('a key that is bound to networks', () => {
  it('is accepted only from addresses in them, and not over stdio, cached or not', async () => {
    const tenant = await testTenant(database)
    const networks = ['203.0.113.0/24', '2001:db8::/32']
    const { key } = await here.createKey(tenant.ctx(), { name: 'office', scopes: [...BOTH], networks })
    const from = async (address: string) => here.authenticate(`Bearer ${key}`, { ...REQUEST, address })
    const addresses = [
      '203.0.113.9',
      '::ffff:203.0.113.9',
      '2001:db8:7::1',
      '203.0.114.1',
      '2001:db9::1',
      '',
      'unknown',
    ]
    for (const round of [1, 2]) {
      const outcomes = await Promise.all(
        addresses.map((address) =>
          from(address).then(
            () => true,
            (error: unknown) => String(error),
          ),
        ),
      )
      expect([round, outcomes.map((outcome) => outcome === true)]).toEqual([
        round,
        [true, true, true, false, false, false, false],
      ])
      expect(outcomes[3]).toContain('bound to networks')
    }
  })
})

describe('a read-only key', () => {
  it('has no write scope', async () => {
    const tenant = await testTenant(database)
    const { key } = await here.createKey(tenant.ctx(), { name: 'r', scopes: [...BOTH], readOnly: true })
    expect(await authenticate(here, key)).toMatchObject({
      scopes: new Set(['customers:read']),
      bounds: { readOnly: true },
    })
  })
})

describe('a key with unknown scopes or restrictions, or without effect', () => {
  it.each([
    [{ scopes: ['nothing:read' as const] }, 'scopes', ['customers:read']],
    [{ servers: ['customer'] }, 'servers', ['customers']],
    [{ toolsets: ['customers/helth'] }, 'toolsets', ['customers/health']],
    [{ scopes: ['customers:write' as const], readOnly: true }, 'readOnly', undefined],
    [{ expiresAt: TEST_NOW }, 'expiresAt', undefined],
  ])('is not created: %j', async (wrong, path, example) => {
    const tenant = await testTenant(database)
    const made = here.createKey(tenant.ctx(), { name: 'k', scopes: [...BOTH], ...wrong })
    await expect(made).rejects.toMatchObject({ kind: 'invalid', problems: [{ path, ...(example && { example }) }] })
    expect(await here.listKeys(tenant.ctx())).toEqual([])
  })
})
