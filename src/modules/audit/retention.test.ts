import { describe, expect, it } from 'vitest'
import { PLATFORM_TENANT, personal, writeAudit } from '#kernel/audit'
import { createKeyring } from '#kernel/crypto/keyring'
import { personOf } from '#kernel/personal-data/person'
import { autocommit } from '#kernel/database/transact'
import { testDatabase } from '../../../test/support/database.ts'
import { afterWaiting } from '../../../test/support/race.ts'
import { TEST_NOW, TEST_ROOT_KEY, testTenant } from '../../../test/support/tenant.ts'
import type { TestTenant } from '../../../test/support/tenant.ts'
import { exportChain } from './export.ts'
import { auditPersonalData } from './personal-data.ts'
import { removeExpired, retentionJob } from './retention.ts'
import { sealer } from './seal.ts'
import { verifyLines } from './verify/verify-lines.ts'

const database = await testDatabase()
const seals = sealer({ db: database.system, keyring: createKeyring([TEST_ROOT_KEY]), clock: () => TEST_NOW })
const YEAR = 365
const daysAgo = (days: number) => new Date(TEST_NOW.getTime() - days * 86_400_000)

async function sealed(tenant: TestTenant, at: Date, subject: string, after?: unknown): Promise<void> {
  await writeAudit(autocommit(tenant.ctx({ clock: () => at })), { action: 'test.write', subject, after })
  await seals.seal(tenant.tenantId)
}

const lines = (tenant: TestTenant, range = {}) => exportChain(tenant.ctx(), range, TEST_NOW)

describe('retention', () => {
  it('removes whole blocks of old events, and the chain still verifies and says what was removed', async () => {
    const tenant = await testTenant(database)
    await sealed(tenant, daysAgo(900), 'oldest')
    await sealed(tenant, daysAgo(800), 'old')
    await sealed(tenant, daysAgo(10), 'young')
    const before = await verifyLines(lines(tenant))
    expect(await removeExpired(database.system, tenant.ctx(), 2 * YEAR)).toBe(2)
    await seals.seal(tenant.tenantId)
    const report = await verifyLines(lines(tenant), { heads: [before.head?.hash ?? ''] })
    expect(report).toMatchObject({ ok: true, blocks: 4, events: 2, removedBlocks: 2 })
    expect(await subjects(tenant)).toEqual(['young', 'block:2'])
    expect(await removeExpired(database.system, tenant.ctx(), 2 * YEAR)).toBe(0)
  })

  it('keeps an old event for as long as a younger one stands in its block or before it', async () => {
    const tenant = await testTenant(database)
    await sealed(tenant, daysAgo(10), 'young')
    await sealed(tenant, daysAgo(900), 'old, committed late')
    await writeAudit(autocommit(tenant.ctx({ clock: () => daysAgo(900) })), {
      action: 'test.write',
      subject: 'old beside young',
    })
    await sealed(tenant, daysAgo(10), 'young')
    expect(await removeExpired(database.system, tenant.ctx(), 2 * YEAR)).toBe(0)
    expect(await subjects(tenant)).toHaveLength(4)
  })

  it('waits for whoever extends the chain, as they do for it', async () => {
    const tenant = await testTenant(database)
    await sealed(tenant, daysAgo(900), 'old')
    const first = {
      sql: `select pg_advisory_xact_lock(hashtext('audit.chain'), hashtext($1))`,
      values: [tenant.tenantId],
    }
    const remove = () => removeExpired(database.system, tenant.ctx(), 2 * YEAR)
    expect(await afterWaiting(database, first, remove)).toBe(1)
  })

  it('that nobody recorded is found', async () => {
    const tenant = await testTenant(database)
    await sealed(tenant, daysAgo(900), 'old')
    await database.owner.query('delete from audit.events where tenant_id = $1', [tenant.tenantId])
    await database.owner.query('delete from audit.block_events where tenant_id = $1', [tenant.tenantId])
    expect((await verifyLines(lines(tenant))).problems).toMatchObject([{ kind: 'unexplained_removal', block: 1 }])
  })

  it('cannot reach what is younger than a month, whatever it is told', async () => {
    const tenant = await testTenant(database)
    const now = new Date()
    await sealed(tenant, now, 'just now')
    const ctx = tenant.ctx({ clock: () => new Date(now.getTime() + 9000 * 86_400_000) })
    await expect(removeExpired(database.system, ctx, 31)).rejects.toThrow(/younger than a month/)
    expect(await subjects(tenant)).toEqual(['just now'])
  })

  it('is due for tenants whose first block is old, and for no other', async () => {
    const [old, young, late] = [await testTenant(database), await testTenant(database), await testTenant(database)]
    await sealed(old, daysAgo(900), 'old')
    await sealed(old, daysAgo(10), 'young')
    await sealed(young, daysAgo(10), 'young')
    await sealed(late, daysAgo(10), 'young')
    await sealed(late, daysAgo(900), 'old, committed late')
    const { due } = retentionJob(database.system, 2 * YEAR)
    const found = typeof due === 'function' ? await due(database.system, TEST_NOW) : []
    expect(found).toContain(old.tenantId)
    expect(found).not.toContain(young.tenantId)
    expect(found).not.toContain(late.tenantId)
  })

  it('runs nightly, for every tenant and for what belongs to none', async () => {
    const tenant = await testTenant(database)
    await sealed(tenant, daysAgo(900), 'old')
    const platform = { ...tenant, tenantId: PLATFORM_TENANT }
    await writeAudit(
      autocommit({ ...tenant.ctx({ clock: () => daysAgo(900) }), tenantId: PLATFORM_TENANT, db: database.system }),
      { action: 'test.write', subject: 'old' },
    )
    await seals.seal(PLATFORM_TENANT)
    const nightly = retentionJob(database.system, 2 * YEAR)
    expect(nightly.cron).toBeDefined()
    await nightly.run(tenant.ctx(), {})
    expect(await subjects(tenant)).toEqual(['block:1'])
    expect(await subjects(platform)).toEqual(['block:1'])
  })
})

describe('of a person', () => {
  const holder = auditPersonalData(2555)
  const person = personOf({ refs: ['user:usr_1', 'contact:cnt_1'] })

  it('what was done by them, to them and with values of theirs is handed over, with nothing about others', async () => {
    const tenant = await testTenant(database)
    await sealed(tenant, TEST_NOW, 'cus_1', { email: personal('contact:cnt_1', 'ada@example.com') })
    await sealed(tenant, TEST_NOW, 'cus_2', { email: personal('contact:cnt_2', 'bob@example.com') })
    await sealed(tenant, TEST_NOW, 'usr_1')
    const ctx = { ...tenant.ctx(), actor: { kind: 'user', id: 'usr_1' } as const }
    await writeAudit(autocommit(ctx), {
      action: 'test.write',
      subject: 'cus_3',
      after: { contact: personal('contact:cnt_2', 'bob') },
    })
    const rows = await holder.export(tenant.ctx(), person)
    expect(rows.map(({ subject }) => String(subject)).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'cus_1',
      'cus_3',
      'usr_1',
    ])
    expect(JSON.stringify(rows)).toContain('ada@example.com')
    expect(JSON.stringify(rows)).not.toContain('bob')
  })

  it('an erasure leaves the events, whose values nobody can read any more, and the chain still verifies', async () => {
    const tenant = await testTenant(database)
    await sealed(tenant, TEST_NOW, 'cus_1', { email: personal('contact:cnt_1', 'ada@example.com') })
    await sealed(tenant, TEST_NOW, 'usr_1')
    const expected = { erased: 0, pseudonymised: 1, kept: [{ what: 'audit events', count: 2 }] }
    expect(await holder.preview(tenant.ctx(), person)).toMatchObject(expected)
    expect(await holder.erase(autocommit(tenant.ctx()), person)).toMatchObject(expected)
    expect(await holder.erase(autocommit(tenant.ctx()), person)).toMatchObject({ ...expected, pseudonymised: 0 })
    const rows = await holder.export(tenant.ctx(), person)
    expect(JSON.stringify(rows)).toContain('[erased]')
    expect(JSON.stringify(rows)).not.toContain('ada')
    await seals.seal(tenant.tenantId)
    expect(await verifyLines(lines(tenant))).toMatchObject({ ok: true, events: 2 })
  })
})

async function subjects(tenant: Pick<TestTenant, 'tenantId'>): Promise<string[]> {
  const { rows } = await database.owner.query<{ subject: string }>(
    'select subject from audit.events where tenant_id = $1 order by ctid',
    [tenant.tenantId],
  )
  return rows.map(({ subject }) => subject)
}
