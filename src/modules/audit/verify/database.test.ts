import { describe, expect, it } from 'vitest'
import { writeAudit } from '#kernel/audit'
import { createKeyring } from '#kernel/crypto/keyring'
import { autocommit } from '#kernel/database/transact'
import { testDatabase } from '../../../../test/support/database.ts'
import { TEST_NOW, TEST_ROOT_KEY, testTenant } from '../../../../test/support/tenant.ts'
import type { TestTenant } from '../../../../test/support/tenant.ts'
import { exportChain } from '../export.ts'
import { removeExpired } from '../retention.ts'
import { sealer } from '../seal.ts'
import { verifyDatabase } from './database.ts'
import type { Problem } from './report.ts'

const database = await testDatabase()
const seals = sealer({ db: database.system, keyring: createKeyring([TEST_ROOT_KEY]), clock: () => TEST_NOW })
const daysAgo = (days: number) => new Date(TEST_NOW.getTime() - days * 86_400_000)

describe('whoever may do everything in the database is found, and what they did is named', () => {
  const cases: readonly [string, string, Partial<Problem>][] = [
    ['a field of an event', `update audit.events set subject = 'x' where ${subject('c')}`, { kind: 'altered_event' }],
    ['an event deleted', `delete from audit.events where ${subject('c')}`, { kind: 'missing_event', block: 2 }],
    [
      'two events that change places',
      'update audit.block_events set event_ids = array[event_ids[2], event_ids[1]] where tenant_id = $1 and number = 2',
      { kind: 'altered_block', block: 2 },
    ],
    [
      'an event inserted with an old time',
      `insert into audit.events select tenant_id, 'aud_0000000000', at - interval '1 year', actor_kind, actor_id, action,
         subject, before, after, request_id, outcome, people from audit.events where ${subject('c')}`,
      { kind: 'stray_event', event: 'aud_0000000000' },
    ],
    [
      'the first block deleted with its events',
      `with block as (delete from audit.block_events where tenant_id = $1 and number = 1 returning event_ids),
         head as (delete from audit.blocks where tenant_id = $1 and number = 1)
       delete from audit.events where tenant_id = $1 and id = any (array(select unnest(event_ids) from block))`,
      { kind: 'missing_block', block: 1 },
    ],
    [
      'the last block deleted, its events left',
      `with block as (delete from audit.block_events where tenant_id = $1 and number = 3)
       delete from audit.blocks where tenant_id = $1 and number = 3`,
      { kind: 'stray_event' },
    ],
    ['an event that was not to be sealed', `delete from audit.unsealed where tenant_id = $1`, { kind: 'stray_event' }],
    [
      'a removal that retention is made to account for, though the events were young',
      `with event as (
         insert into audit.events select tenant_id, 'aud_forged', at, 'job', 'x', 'audit.retention', 'block:2', null,
           '{"blocks_through": 2, "events": 4, "older_than": "2199-01-01T00:00:00.000Z"}', '', outcome, null
         from audit.events where ${subject('c')}
       ), told as (insert into audit.unsealed values ($1, 'aud_forged')
       ), block as (delete from audit.block_events where tenant_id = $1 and number <= 2 returning event_ids)
       delete from audit.events where tenant_id = $1 and id = any (array(select unnest(event_ids) from block))`,
      { kind: 'unexplained_removal', block: 1 },
    ],
    [
      'a removal of blocks that are younger than what retention said it removed',
      `with event as (
         insert into audit.events select tenant_id, 'aud_forged', at, 'job', 'x', 'audit.retention', 'block:2', null,
           '{"blocks_through": 2, "events": 4, "older_than": "2026-01-01T00:00:00.000Z"}', '', outcome, null
         from audit.events where ${subject('c')}
       ), told as (insert into audit.unsealed values ($1, 'aud_forged')
       ), block as (delete from audit.block_events where tenant_id = $1 and number <= 2 returning event_ids)
       delete from audit.events where tenant_id = $1 and id = any (array(select unnest(event_ids) from block))`,
      { kind: 'unexplained_removal', block: 1 },
    ],
  ]
  it.each(cases)('%s', async (_name, tamper, expected) => {
    const tenant = await trail()
    expect(await verified(tenant)).toMatchObject({ ok: true, blocks: 3, events: 5, problems: [] })
    await database.owner.query(tamper, [tenant.tenantId])
    await seals.seal(tenant.tenantId)
    const report = await verified(tenant)
    expect(report.ok).toBe(false)
    expect(report.problems[0]).toMatchObject(expected)
  })

  it('an event deleted before it was sealed', async () => {
    const tenant = await trail()
    await database.owner.query(`delete from audit.events where ${subject('waits')}`, [tenant.tenantId])
    expect(await seals.seal(tenant.tenantId)).toBe(0)
    expect((await verified(tenant)).problems).toMatchObject([{ kind: 'missing_event' }])
  })
})

it('what retention removed, and what waits to be sealed, is no problem', async () => {
  const tenant = await testTenant(database)
  await write(tenant, 'old', daysAgo(900))
  await seals.seal(tenant.tenantId)
  await write(tenant, 'young')
  expect(await removeExpired(database.system, tenant.ctx(), 730)).toBe(1)
  await seals.seal(tenant.tenantId)
  expect(await verified(tenant)).toMatchObject({ ok: true, removedBlocks: 1 })
})

/** A chain with blocks of two, two and one event, and one unsealed event. */
async function trail(): Promise<TestTenant> {
  const tenant = await testTenant(database)
  for (const subjects of [['a', 'b'], ['c', 'd'], ['e']]) {
    for (const name of subjects) await write(tenant, name)
    await seals.seal(tenant.tenantId)
  }
  await write(tenant, 'waits')
  return tenant
}

const write = (tenant: TestTenant, name: string, at = TEST_NOW) =>
  writeAudit(autocommit(tenant.ctx({ clock: () => at })), { action: 'test.write', subject: name })

function verified({ tenantId }: TestTenant) {
  const lines = exportChain({ db: database.forTenant(tenantId), tenantId }, {}, TEST_NOW)
  return verifyDatabase(database.system, { tenantId, lines })
}

function subject(name: string): string {
  return `tenant_id = $1 and subject = '${name}'`
}
