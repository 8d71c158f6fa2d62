import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { testTenant } from '../../../test/support/tenant.ts'
import { forgetIdempotencyKeys } from './forget-idempotency-keys.ts'

const database = await testDatabase()

it('forgets a tenant’s keys after seven days, and nobody else’s', async () => {
  const [mine, other] = await Promise.all([testTenant(database), testTenant(database)])
  const now = mine.ctx().clock()
  for (const { tenantId } of [mine, other]) {
    for (const [key, days] of [
      ['fresh', 6.9],
      ['old', 7.1],
    ] as const) {
      const at = new Date(now.getTime() - days * 86_400_000)
      await database.owner.query(
        "insert into kernel.idempotency_keys (tenant_id, action, key, request_hash, created_at) values ($1, 'a', $2, '', $3)",
        [tenantId, key, at],
      )
    }
  }

  const { due } = forgetIdempotencyKeys
  const dueTenants = async () => (typeof due === 'function' ? await due(database.system, now) : [])
  expect((await dueTenants()).toSorted()).toEqual([mine.tenantId, other.tenantId].toSorted())
  await forgetIdempotencyKeys.run(mine.ctx(), {})
  expect(await dueTenants()).toEqual([other.tenantId])

  const keysOf = async ({ ctx }: typeof mine) =>
    (await sql<{ key: string }>`select key from kernel.idempotency_keys order by key`.execute(ctx().db)).rows
  expect(await keysOf(mine)).toEqual([{ key: 'fresh' }])
  expect(await keysOf(other)).toEqual([{ key: 'fresh' }, { key: 'old' }])
})
