import { describe, expect, it } from 'vitest'
import { freeText, personal, writeAudit } from '#kernel/audit'
import { createKeyring } from '#kernel/crypto/keyring'
import { personOf } from '#kernel/personal-data/person'
import { autocommit } from '#kernel/database/transact'
import { testDatabase } from '../../../test/support/database.ts'
import { TEST_NOW, TEST_ROOT_KEY, testTenant } from '../../../test/support/tenant.ts'
import type { TestTenant } from '../../../test/support/tenant.ts'
import { exportChain } from './export.ts'
import { auditPersonalData } from './personal-data.ts'
import { sealer } from './seal.ts'
import { verifyDatabase } from './verify/database.ts'

const database = await testDatabase()
const seals = sealer({ db: database.system, keyring: createKeyring([TEST_ROOT_KEY]), clock: () => TEST_NOW })
const holder = auditPersonalData(2555)
const ADA = personOf({ emails: ['ada@example.com'], names: ['Ada Lovelace'] })

describe('free text of the audit trail that mentions a person', () => {
  it('is nowhere in plain, and goes with the person, while the text of other records stays and the chain verifies', async () => {
    const tenant = await trail()
    expect(JSON.stringify(await stored(tenant))).not.toMatch(/lovelace|example|eve ltd/i)
    expect(await holder.preview(tenant.ctx(), ADA)).toMatchObject({ scrubbed: 2 })
    const exported = await holder.export(tenant.ctx(), ADA)
    expect(exported).toMatchObject([{ relation: 'mentioned', subject: 'cus_1' }, { relation: 'mentioned' }])
    expect(JSON.stringify(exported)).not.toMatch(/eve/i)
    expect(await holder.erase(autocommit(tenant.ctx()), ADA)).toMatchObject({ scrubbed: 2 })
    expect(await holder.preview(tenant.ctx(), ADA)).toMatchObject({ scrubbed: 0 })
    expect(await tenant.ctx().personKeys.open(tenant.ctx(), await stored(tenant))).toEqual([
      { name: '[erased]' },
      { reason: '[erased]', contact: 'Eve' },
      { name: 'Eve Ltd' },
    ])
    await seals.seal(tenant.tenantId)
    const lines = exportChain(tenant.ctx(), {}, TEST_NOW)
    expect(await verifyDatabase(database.system, { tenantId: tenant.tenantId, lines })).toMatchObject({ ok: true })
  })

  it('is out of reach of another tenant’s erasure', async () => {
    const tenant = await trail()
    expect(await holder.erase(autocommit((await testTenant(database)).ctx()), ADA)).toMatchObject({ scrubbed: 0 })
    expect(await holder.preview(tenant.ctx(), ADA)).toMatchObject({ scrubbed: 2 })
  })
})

async function trail(): Promise<TestTenant> {
  const tenant = await testTenant(database)
  let written = 0
  // A millisecond apart, because events of the same millisecond have no defined order.
  const clock = () => new Date(TEST_NOW.getTime() + written)
  const write = async (subject: string, after: unknown) => {
    written += 1
    await writeAudit(autocommit(tenant.ctx({ clock })), { action: 'test.write', subject, after })
  }
  await write('cus_1', { name: freeText('customer:cus_1', TEST_NOW, 'Ada Lovelace & daughters') })
  const reason = freeText('customer:cus_2', TEST_NOW, 'as ADA@example.com asked')
  await write('cus_2', { reason, contact: personal('contact:cnt_eve', 'Eve') })
  await write('cus_3', { name: freeText('customer:cus_3', TEST_NOW, 'Eve Ltd') })
  return tenant
}

async function stored({ tenantId }: TestTenant): Promise<unknown[]> {
  const { rows } = await database.owner.query<{ after: unknown }>(
    'select after from audit.events where tenant_id = $1 order by subject',
    [tenantId],
  )
  return rows.map(({ after }) => after)
}
