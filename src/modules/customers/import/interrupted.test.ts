import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'

const database = await testDatabase()
const main = path.resolve(import.meta.dirname, '../../../cli/main.ts')
const ROWS = 60_000

it('a killed import resumes where it stopped, and the counts add up', { timeout: 120_000 }, async () => {
  const { tenantId } = await testTenant(database)
  const folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-import-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(path.join(folder, 'customers.csv'), customers())
  await writeFile(path.join(folder, 'usage_events.csv'), usage())
  const start = () =>
    spawn(
      process.execPath,
      [main, 'import', folder, '--tenant', tenantId, '--report', path.join(folder, 'rejected.txt')],
      {
        env: { ...process.env, DATABASE_URL: database.url, DATA_DIR: folder, LOG_LEVEL: 'ERROR' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
  const count = async (what: string): Promise<number> => {
    const { rows } = await database.owner.query(`select (${what})::int as n`, [tenantId])
    return rows[0]?.n as number
  }
  const stored = () => count('select count(*) from customers.usage_events where tenant_id = $1')
  const marked = () =>
    count('select coalesce(max(rows_done), 0) from customers.import_checkpoints where tenant_id = $1')

  const victim = start()
  const ended = once(victim, 'exit')
  while ((await marked()) < 10_000 && victim.exitCode === null)
    await once(victim, 'exit', { signal: AbortSignal.timeout(20) }).catch(() => undefined)
  victim.kill('SIGKILL')
  expect(await ended).toEqual([null, 'SIGKILL'])

  const rowsBefore = await stored()
  expect(rowsBefore).toBe(await marked())
  expect(rowsBefore).toBeGreaterThanOrEqual(10_000)
  expect(rowsBefore).toBeLessThan(ROWS)

  const second = start()
  const [output, errors] = await Promise.all([text(second.stdout), text(second.stderr)])
  expect(errors).toBe('')
  expect(output).toContain(
    `usage_events.csv → usage_event: 60,000 read, 60,000 new, 0 already stored, 0 rejected (resumed after row ${rowsBefore.toLocaleString('en-US')})`,
  )
  expect(await stored()).toBe(ROWS)
  expect(await count('select sum(events) from customers.usage_daily where tenant_id = $1')).toBe(ROWS)
  const audited =
    "select sum((after ->> 'inserted')::int) from audit.events where tenant_id = $1 and action = 'customers.import-batch'"
  expect(await count(audited)).toBe(ROWS + 50)
  expect(await marked()).toBe(0)
})

function customers(): string {
  const columns =
    'client_id,client_name,company_name,industry,tier,lifecycle_stage,status,contract_value,contract_start_date,contract_end_date,renewal_date,seats,primary_contact_email,primary_contact_name,csm_assigned,last_engagement_at,churned_on'
  const rows = Array.from({ length: 50 }, (_, index) => `c${index},Name ${index},Company,,,,,100,2026-01-01,,,,,,,,`)
  return [columns, ...rows, ''].join('\n')
}

function usage(): string {
  const columns =
    'message_id,client_id,occurred_at,event_name,user_id,feature,session_id,duration_seconds,is_error,quantity'
  const rows = Array.from(
    { length: ROWS },
    (_, index) =>
      `m${index},c${index % 50},2026-10-${String(1 + (index % 28)).padStart(2, '0')}T08:00:00Z,used,u${index % 9},search,,5,false,1`,
  )
  return [columns, ...rows, ''].join('\n')
}
