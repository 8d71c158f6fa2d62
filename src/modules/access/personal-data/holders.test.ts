import { beforeAll, describe, expect, it } from 'vitest'
import { personal, writeAudit } from '#kernel/audit'
import { personOf } from '#kernel/personal-data/person'
import { autocommit, transact } from '#kernel/database/transact'
import { testDatabase } from '../../../../test/support/database.ts'
import type { TestDatabase } from '../../../../test/support/database.ts'
import { TEST_NOW, testTenant } from '../../../../test/support/tenant.ts'
import type { TestTenant } from '../../../../test/support/tenant.ts'
import { accessPersonalData } from './holders.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})

describe('the account of a person', () => {
  it('is found by e-mail or id in a tenant they are a member of, and in no other', async () => {
    const { ada, alpha } = await member()
    const facts = { emails: [ada.email], names: ['Ada Lovelace'], refs: [`user:${ada.id}`] }
    expect(await identify(alpha, { emails: [ada.email] })).toEqual(facts)
    expect(await identify(alpha, { refs: [`user:${ada.id}`] })).toEqual(facts)
    expect(await identify(await testTenant(database), { emails: [ada.email] })).toEqual({
      emails: [],
      names: [],
      refs: [],
    })
  })

  it('is exported without a password or a token', async () => {
    const { ada, alpha } = await member()
    const rows = await holder(0).export(alpha.ctx(), personOf({ refs: [`user:${ada.id}`] }))
    expect(rows.map(({ table }) => table)).toEqual([
      'access.users',
      'access.members',
      'access.members',
      'access.sessions',
      'access.accounts',
    ])
    expect(JSON.stringify(rows)).not.toMatch(/a-secret/)
  })

  it('is kept when one of several organisations erases them: the membership and its keys are deleted', async () => {
    const { ada, alpha } = await member()
    const outcome = await erase(alpha, ada.id)
    expect(outcome).toMatchObject({ erased: 1, kept: [{ count: 1 }] })
    expect(await remaining(ada.id)).toEqual({ users: 1, members: 1, sessions: 1, keys: 0 })
    expect((await erase(alpha, ada.id)).erased).toBe(0)
  })

  it('is deleted with all its rows when their own organisation erases them', async () => {
    const { ada } = await member()
    const { ada: eve } = await member()
    expect(await erase(ownOrganisation(ada.id), ada.id)).toMatchObject({
      erased: 2,
      kept: [{ what: 'other organisations that may hold data under the id of the account', count: 1 }],
    })
    expect(await remaining(ada.id)).toEqual({ users: 0, members: 0, sessions: 0, keys: 1 })
    expect(await remaining(eve.id)).toEqual({ users: 1, members: 2, sessions: 1, keys: 1 })
  })

  it('is deleted when the last organisation they are in erases them', async () => {
    const { ada, alpha } = await member()
    await database.owner.query('delete from access.members where user_id = $1 and tenant_id <> $2', [
      ada.id,
      alpha.tenantId,
    ])
    expect(await erase(alpha, ada.id)).toMatchObject({ erased: 2 })
    expect(await remaining(ada.id)).toMatchObject({ users: 0, members: 0, sessions: 0 })
  })

  it('has a preview that names the organisations left without an owner', async () => {
    const { ada, alpha } = await member()
    const ownerless = {
      kept: expect.arrayContaining([expect.objectContaining({ what: expect.stringContaining('without an owner') })]),
    }
    const preview = (tenant: Pick<TestTenant, 'ctx'>) =>
      holder(0).preview(tenant.ctx(), personOf({ refs: [`user:${ada.id}`] }))
    expect((await preview(alpha)).kept).toHaveLength(1)
    expect((await preview(ownOrganisation(ada.id))).kept).toHaveLength(1)
    await database.owner.query(`update access.members set role = 'owner' where user_id = $1`, [ada.id])
    expect(await preview(alpha)).toMatchObject(ownerless)
    expect(await preview(ownOrganisation(ada.id))).toMatchObject(ownerless)
    const { ada: eve } = await member()
    await database.owner.query(
      `insert into access.members (tenant_id, id, user_id, role, created_at) values ($1, $2, $3, 'owner', $4)`,
      [alpha.tenantId, `mbr_second_${eve.id}`, eve.id, TEST_NOW],
    )
    expect((await preview(alpha)).kept).toHaveLength(1)
  })

  it('cannot be erased by a tenant they are not a member of', async () => {
    const { ada } = await member()
    const stranger = await testTenant(database)
    expect((await erase(stranger, ada.id)).erased).toBe(0)
    expect(await remaining(ada.id)).toEqual({ users: 1, members: 2, sessions: 1, keys: 1 })
  })
})

describe('an invitation', () => {
  it('is found by the e-mail of its recipient, and deleted with them', async () => {
    const { tenant, person } = await invited('grace@example.com')
    const ctx = tenant.ctx()
    const facts = await holder(1).identify?.(ctx, personOf({ emails: ['grace@example.com'] }))
    expect(facts?.refs).toEqual([person])
    expect((await holder(1).erase(autocommit(ctx), personOf({ emails: ['grace@example.com'] }))).erased).toBe(1)
  })

  it('is deleted 90 days after it expired, and its recipient erased from the audit trail', async () => {
    const { tenant, event } = await invited('grace@example.com')
    const ctx = tenant.ctx()
    const { retention } = holder(1)
    expect(retention).toMatchObject({ category: 'invitations', defaultDays: 90 })
    expect(await retention?.expire(autocommit(ctx), TEST_NOW, 10)).toBe(0)
    expect(await ctx.personKeys.open(ctx, [await event()])).toEqual([{ email: 'grace@example.com' }])
    expect(await retention?.expire(autocommit(ctx), new Date(TEST_NOW.getTime() + 1), 10)).toBe(1)
    expect(await ctx.personKeys.open(ctx, [await event()])).toEqual([{ email: '[erased]' }])
  })
})

/** An invitation that expires at TEST_NOW, its audit event, and the ref of its recipient. */
async function invited(email: string) {
  const tenant = await testTenant(database)
  const id = `inv_${++made}`
  await database.owner.query(
    `insert into access.invitations (tenant_id, id, email, role, status, inviter_id, expires_at, created_at)
     values ($1, $2, $3, 'member', 'pending', 'usr_x', $4, $4)`,
    [tenant.tenantId, id, email, TEST_NOW],
  )
  const person = `invitation:${id}`
  await writeAudit(autocommit(tenant.ctx()), {
    action: 'access.invite',
    subject: id,
    after: { email: personal(person, email) },
  })
  const event = async () => {
    const { rows } = await database.owner.query<{ after: unknown }>(
      'select after from audit.events where tenant_id = $1 and subject = $2',
      [tenant.tenantId, id],
    )
    return rows[0]?.after
  }
  return { tenant, person, event }
}

const holder = (at: number) => {
  const found = accessPersonalData(database.system)[at]
  if (found === undefined) throw new Error(`there is no holder ${at}`)
  return found
}

const identify = (tenant: TestTenant, facts: Parameters<typeof personOf>[0]) =>
  holder(0).identify?.(tenant.ctx(), personOf(facts))

/** Erases with both holders in order, and returns the outcome of the first. */
async function erase(tenant: Pick<TestTenant, 'ctx'>, userId: string) {
  const person = personOf({ refs: [`user:${userId}`] })
  return transact(tenant.ctx().db, async (db) => {
    const outcome = await holder(0).erase({ ...tenant.ctx(), db }, person)
    await holder(1).erase({ ...tenant.ctx(), db }, person)
    return outcome
  })
}

let made = 0
/** A person with an account, their own organisation, a membership in another, a session, and a key in the latter. */
async function member() {
  const alpha = await testTenant(database)
  const id = `usr_${++made}`
  const email = `ada${made}@example.com`
  const { owner } = database
  await owner.query('insert into access.users (id, name, email, created_at, updated_at) values ($1, $2, $3, $4, $4)', [
    ...[id, 'Ada Lovelace', email, TEST_NOW],
  ])
  await owner.query(
    'insert into access.members (tenant_id, id, user_id, role, created_at) values ($1, $2, $3, $4, $5)',
    [...[alpha.tenantId, `mbr_x${made}`, id, 'member', TEST_NOW]],
  )
  await owner.query(
    `insert into access.sessions (id, token, user_id, expires_at, created_at, updated_at) values ($1, $2, $3, $4, $4, $4)`,
    [`ses_${made}`, `a-secret-${made}`, id, TEST_NOW],
  )
  await owner.query(
    `insert into access.accounts (id, account_id, provider_id, user_id, password, created_at, updated_at)
     values ($1, $1, 'credential', $2, 'a-secret', $3, $3)`,
    [`acc_${made}`, id, TEST_NOW],
  )
  await owner.query(
    `insert into access.api_keys (tenant_id, key_id, name, prefix, hash, scopes, created_at, user_id)
     values ($1, $2, 'laptop', 'plim_', $3, '{}', $4, $5)`,
    [alpha.tenantId, `key_${made}`, Buffer.from(id), TEST_NOW, id],
  )
  return { ada: { id, email }, alpha }
}

function ownOrganisation(userId: string): Pick<TestTenant, 'ctx'> {
  const tenantId = `org_${userId.slice('usr_'.length)}`
  return { ctx: () => ({ ...tenantOf.ctx(), tenantId, db: database.forTenant(tenantId) }) }
}
let tenantOf: TestTenant
beforeAll(async () => {
  tenantOf = await testTenant(database)
})

async function remaining(userId: string): Promise<unknown> {
  const { rows } = await database.owner.query(
    `select (select count(*) from access.users where id = $1) as users,
       (select count(*) from access.members where user_id = $1) as members,
       (select count(*) from access.sessions where user_id = $1) as sessions,
       (select count(*) from access.api_keys where user_id = $1) as keys`,
    [userId],
  )
  return rows[0]
}
