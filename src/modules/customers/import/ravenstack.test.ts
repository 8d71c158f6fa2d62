import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import { importFiles } from './import-files.ts'
import type { Rejection, StepReport } from './report.ts'
import { findSources } from './source.ts'

const folder = path.resolve(import.meta.dirname, '../../../../../shared/data/datasets/ravenstack')
const hasData = existsSync(folder)

describe.skipIf(!hasData)('the RavenStack data set in ../shared', async () => {
  const database = hasData ? await testDatabase() : undefined
  if (database === undefined) return

  const count = async (tenantId: string, table: string) => {
    const { rows } = await database.owner.query(
      `select count(*)::int as n from customers.${table} where tenant_id = $1`,
      [tenantId],
    )
    return rows[0]?.n as number
  }
  const counts = (tenantId: string) =>
    Promise.all(
      ['customers', 'contracts', 'usage_events', 'tickets', 'survey_answers', 'timeline_events'].map((table) =>
        count(tenantId, table),
      ),
    )

  it('is stored completely, with every flag counted; a second run stores nothing', { timeout: 60_000 }, async () => {
    const tenant = await testTenant(database)
    const rejections: Rejection[] = []
    const sources = await findSources([folder])
    const report = await importFiles(tenant.ctx(), sources, {
      onRejected: (rejection) => void rejections.push(rejection),
    })

    expect(report.mapping).toBe('ravenstack')
    expect(rejections).toEqual([])
    expect(report.steps.map(summary)).toEqual([
      ['customer', 500, 500, 0, {}],
      ['contract', 5000, 5000, 0, { starts_before_signup: 0, ends_before_it_starts: 0 }],
      [
        'usage_event',
        25_000,
        25_000,
        0,
        {
          duplicate_id: 21,
          usage_before_subscription: 19_142,
          usage_after_subscription: 290,
          more_errors_than_uses: 17,
        },
      ],
      ['ticket', 2000, 2000, 0, { missing_satisfaction: 825, ticket_before_signup: 1077, answered_after_closing: 36 }],
      ['survey_answer', 2000, 1175, 825, {}],
      ['timeline_event', 600, 600, 0, { churn_of_active_account: 465, missing_feedback: 148 }],
    ])
    expect(await counts(tenant.tenantId)).toEqual([500, 5000, 25_000, 2000, 1175, 600])
    const { rows } = await database.owner.query(
      `select reltuples::int >= 25000 as known from pg_class where oid = 'customers.usage_events'::regclass`,
    )
    expect(rows, 'statistics of the planner').toEqual([{ known: true }])

    const again = await importFiles(tenant.ctx(), sources)
    expect(again.steps.map(({ inserted, updated, alreadyStored }) => [inserted, updated, alreadyStored])).toEqual([
      [0, 0, 500],
      [0, 0, 5000],
      [0, 0, 25_000],
      [0, 0, 2000],
      [0, 0, 1175],
      [0, 0, 600],
    ])
    expect(await counts(tenant.tenantId)).toEqual([500, 5000, 25_000, 2000, 1175, 600])
    expect(await count(tenant.tenantId, 'import_checkpoints')).toBe(0)
  })

  it('is not stored by a dry run, which reports the same', { timeout: 60_000 }, async () => {
    const tenant = await testTenant(database)
    const report = await importFiles(tenant.ctx(), await findSources([folder]), { dryRun: true })
    expect(report.steps.map(({ read, inserted }) => [read, inserted])).toEqual([
      [500, 500],
      [5000, 5000],
      [25_000, 25_000],
      [2000, 2000],
      [2000, 1175],
      [600, 600],
    ])
    expect(await counts(tenant.tenantId)).toEqual([0, 0, 0, 0, 0, 0])
    expect(await count(tenant.tenantId, 'import_checkpoints')).toBe(0)
    expect(await count(tenant.tenantId, 'usage_dirty')).toBe(0)
  })
})

function summary({ entity, read, inserted, filteredOut, flags }: StepReport) {
  return [
    entity,
    read,
    inserted,
    filteredOut,
    Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, flag.count])),
  ]
}
