import { beforeEach, describe, expect, it } from 'vitest'
import { createKeyring } from '#kernel/crypto/keyring'
import { testDatabase } from '../../../test/support/database.ts'
import { TEST_NOW, TEST_ROOT_KEY, testTenant } from '../../../test/support/tenant.ts'
import type { TestTenant } from '../../../test/support/tenant.ts'
import { personal, writeAudit } from '../audit.ts'
import { autocommit, transact } from '../database/transact.ts'
import { destroyPersonKeys, personKeyField, personKeys } from './person-keys.ts'

const database = await testDatabase()
let tenant: TestTenant

beforeEach(async () => {
  tenant = await testTenant(database)
})

describe('what is about a person', () => {
  it('is stored encrypted, and shown to whoever may open it', async () => {
    const ctx = tenant.ctx()
    await note('contact:cnt_1', 'ada@example.com')
    const [stored] = await storedAfter()
    expect(JSON.stringify(stored)).not.toContain('ada')
    expect(await ctx.personKeys.open(ctx, [stored])).toEqual([{ email: 'ada@example.com', plan: 'pro' }])
  })

  it('is shown as erased once the key is destroyed, in every process', async () => {
    const ctx = tenant.ctx()
    await note('contact:cnt_1', 'ada@example.com')
    await note('contact:cnt_2', 'bob@example.com')
    expect(await destroyPersonKeys(autocommit(ctx), ['contact:cnt_1', 'contact:cnt_3'])).toBe(1)
    const rows = await storedAfter()
    expect(await ctx.personKeys.open(ctx, rows)).toEqual([
      { email: '[erased]', plan: 'pro' },
      { email: 'bob@example.com', plan: 'pro' },
    ])
  })

  it('is not kept at all when it is told after the erasure, and no second key is made', async () => {
    const ctx = tenant.ctx()
    await destroyPersonKeys(autocommit(ctx), ['contact:cnt_1'])
    await note('contact:cnt_1', 'ada@example.com')
    expect(await storedAfter()).toEqual([{ email: { $person: 'contact:cnt_1' }, plan: 'pro' }])
    const keys = await database.owner.query('select wrapped_key from audit.person_keys where tenant_id = $1', [
      tenant.tenantId,
    ])
    expect(keys.rows).toEqual([{ wrapped_key: null }])
  })

  it('does not open as another person’s, or another tenant’s', async () => {
    const ctx = tenant.ctx()
    await note('contact:cnt_1', 'ada@example.com')
    await note('contact:cnt_2', 'bob@example.com')
    const [stored] = await storedAfter()
    const moved: unknown = JSON.parse(JSON.stringify(stored).replace('cnt_1', 'cnt_2'))
    expect(await ctx.personKeys.open(ctx, [moved])).toEqual([{ email: '[not readable: it was altered]', plan: 'pro' }])
    const stranger = (await testTenant(database)).ctx()
    expect(await stranger.personKeys.open(stranger, [stored])).toEqual([{ email: '[erased]', plan: 'pro' }])
  })

  it('is masked where it is about others than those asked for', async () => {
    const ctx = tenant.ctx()
    await note('contact:cnt_1', 'ada@example.com')
    await note('contact:cnt_2', 'bob@example.com')
    const opened = await ctx.personKeys.open(ctx, await storedAfter(), new Set(['contact:cnt_2']))
    expect(opened).toMatchObject([{ email: '[personal]' }, { email: 'bob@example.com' }])
  })

  it('survives a change that is rolled back: the key of its first event is another’s too', async () => {
    const ctx = tenant.ctx()
    const rolledBack = transact(ctx.db, async (tx) => {
      await writeAudit({ ...ctx, db: tx }, entry('contact:cnt_1', 'ada@example.com'))
      throw new Error('taken back')
    })
    await expect(rolledBack).rejects.toThrow('taken back')
    await note('contact:cnt_1', 'ada@example.com')
    expect(await ctx.personKeys.open(ctx, await storedAfter())).toMatchObject([{ email: 'ada@example.com' }])
  })

  it('is encrypted for every one of more people than keys are remembered', async () => {
    const { personKeys: keys } = tenant.ctx()
    const people = Array.from({ length: 10_001 }, (_, n) => `contact:cnt_${n}`)
    const seal = await keys.sealer(tenant.tenantId, new Set(people))
    expect(people.filter((person) => !Object.hasOwn(Object(seal(person, '"x"')), 'sealed'))).toEqual([])
  })

  it('gets one key, whoever tells of the person first', async () => {
    const events = Array.from({ length: 12 }, async (_, n) => {
      const ctx = (await sameTenant()).ctx()
      await writeAudit(autocommit(ctx), entry('contact:cnt_1', `ada${n}@example.com`))
    })
    await Promise.all(events)
    const ctx = tenant.ctx()
    const opened = await ctx.personKeys.open(ctx, await storedAfter())
    expect(JSON.stringify(opened)).not.toContain('erased')
    expect(opened).toHaveLength(12)
  })

  it('still opens after the key of the installation was rotated', async () => {
    const ctx = tenant.ctx()
    await note('contact:cnt_1', 'ada@example.com')
    const keyring = createKeyring([Buffer.alloc(32, 'the next root key'), TEST_ROOT_KEY])
    for (let cursor: string | undefined; ; ) {
      const done = await personKeyField.reencrypt(database.system, keyring, cursor, 1000)
      if (done.cursor === undefined) break
      cursor = done.cursor
    }
    const after = createKeyring([Buffer.alloc(32, 'the next root key')])
    const keys = personKeys({ db: database.system, keyring: after, clock: () => TEST_NOW })
    expect(await keys.open(ctx, await storedAfter())).toEqual([{ email: 'ada@example.com', plan: 'pro' }])
  })
})

const entry = (person: string, email: string) => ({
  action: 'test.write',
  subject: 'cus_1',
  after: { email: personal(person, email), plan: 'pro' },
})

async function note(person: string, email: string): Promise<void> {
  await writeAudit(autocommit(tenant.ctx()), entry(person, email))
}

/** The same tenant in another process, which has no key in memory. */
async function sameTenant(): Promise<TestTenant> {
  const other = await testTenant(database)
  const keys = personKeys({ db: database.system, keyring: createKeyring([TEST_ROOT_KEY]), clock: () => TEST_NOW })
  const { tenantId } = tenant
  return { ...other, ctx: () => ({ ...tenant.ctx(), tenantId, personKeys: keys }) }
}

async function storedAfter(): Promise<unknown[]> {
  const { rows } = await database.owner.query<{ after: unknown }>(
    'select after from audit.events where tenant_id = $1 order by ctid',
    [tenant.tenantId],
  )
  return rows.map(({ after }) => after)
}
