import { describe, expect, it } from 'vitest'
import { personal, writeAudit } from '#kernel/audit'
import { createKeyring } from '#kernel/crypto/keyring'
import { autocommit } from '#kernel/database/transact'
import { testDatabase } from '../../../test/support/database.ts'
import type { TestDatabase } from '../../../test/support/database.ts'
import { TEST_NOW, TEST_ROOT_KEY, testTenant } from '../../../test/support/tenant.ts'
import { exportChain } from './export.ts'
import { sealer } from './seal.ts'
import { verifyLines } from './verify/verify-lines.ts'

const database = await testDatabase()
const restored = await testDatabase()
const TABLES = ['audit.events', 'audit.unsealed', 'audit.blocks', 'audit.block_events', 'audit.person_keys']

describe('a trail that is restored into a new database', () => {
  it('verifies, seals what was not sealed yet, and goes on in the same chain', async () => {
    const tenant = await testTenant(database)
    const { tenantId } = tenant
    const sealerOf = ({ system }: TestDatabase) =>
      sealer({ db: system, keyring: createKeyring([TEST_ROOT_KEY]), clock: () => TEST_NOW })
    const verified = (from: TestDatabase, heads: readonly string[] = []) =>
      verifyLines(exportChain({ db: from.forTenant(tenantId), tenantId }, {}, TEST_NOW), { heads })
    const write = (db: TestDatabase, subject: string) =>
      writeAudit(autocommit({ ...tenant.ctx(), db: db.forTenant(tenantId) }), {
        action: 'test.write',
        subject,
        after: { n: 0.1, email: personal('contact:cnt_1', 'ada@example.com') },
      })
    await write(database, 'a')
    await write(database, 'b')
    await sealerOf(database).seal(tenantId)
    await write(database, 'not sealed yet')
    const head = (await verified(database)).head?.hash ?? ''

    for (const table of TABLES) await copyRows(table)
    expect(await verified(restored, [head])).toMatchObject({ ok: true, blocks: 1, events: 2 })
    await write(restored, 'after')
    expect(await sealerOf(restored).seal(tenantId)).toBe(2)
    expect(await verified(restored, [head])).toMatchObject({ ok: true, blocks: 2, events: 4 })
    expect(await sealerOf(restored).seal(tenantId)).toBe(0)
  })
})

/** Copies rows as text, like a dump and restore: transaction ids and physical positions are not copied. */
async function copyRows(table: string): Promise<void> {
  const { rows } = await database.owner.query<{ row: string }>(`select to_jsonb(t)::text as row from ${table} t`)
  await restored.owner.query(
    `insert into ${table} select (jsonb_populate_record(null::${table}, row::jsonb)).* from unnest($1::text[]) as row`,
    [rows.map(({ row }) => row)],
  )
}
