import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { afterAll, expect, it } from 'vitest'
import { clusterFiles } from '#kernel/database/embedded/cluster'
import { findRunning } from '#kernel/database/embedded/postmaster'
import { startProduct } from '../support/product-process.ts'

const CLI = path.resolve(import.meta.dirname, '../../src/cli/main.ts')
const CUSTOMERS = 400
const EVENTS = 60_000
const CUSTOMER_COLUMNS =
  'client_id,client_name,company_name,industry,tier,lifecycle_stage,status,contract_value,contract_start_date,contract_end_date,renewal_date,seats,primary_contact_email,primary_contact_name,csm_assigned,last_engagement_at,churned_on'
const dataDir = await realpath(await mkdtemp(path.join(tmpdir(), 'plimsoll-import-crash-')))

afterAll(() => rm(dataDir, { recursive: true, force: true }))

it('kill -9 of the server and its database during an import leaves whole batches; the same command resumes to the exact counts', async () => {
  const folder = await writeFiles()
  const first = await startProduct({ DATA_DIR: dataDir })
  const importing = startImport(folder)
  const interrupted = finished(importing)
  while ((await stored()) < EVENTS / 6 && importing.exitCode === null);
  const database = await findRunning(clusterFiles(dataDir))
  await first.kill()
  if (database) process.kill(database.process.pid, 'SIGKILL')
  expect(await interrupted).toMatchObject({ code: 1 })

  const second = await startProduct({ DATA_DIR: dataDir })
  const half = await stored()
  expect(half).toBeGreaterThan(0)
  expect(half).toBeLessThan(EVENTS)
  expect(await audited()).toBe(half + CUSTOMERS)

  expect(await finished(startImport(folder))).toMatchObject({ code: 0 })
  expect(await stored()).toBe(EVENTS)
  expect(await audited()).toBe(EVENTS + CUSTOMERS)
  expect(await rolledUp()).toBe(EVENTS)

  expect(await finished(startImport(folder))).toMatchObject({ code: 0 })
  expect(await stored()).toBe(EVENTS)
  await second.stop()
}, 180_000)

function startImport(folder: string) {
  const rejected = path.join(dataDir, 'rejected.csv')
  return spawn(process.execPath, [CLI, 'import', folder, '--tenant', 'demo', '--report', rejected], {
    env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dataDir, LOG_LEVEL: 'ERROR' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function finished(child: ReturnType<typeof startImport>) {
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, output, errors }
}

const stored = () => number("select count(*) as n from customers.usage_events where client_id like 'imp\\_%'")
const rolledUp = () => number("select sum(events) as n from customers.usage_daily where client_id like 'imp\\_%'")
const audited = () =>
  number(`select sum((after ->> 'inserted')::int) as n from audit.events
          where action = 'customers.import-batch' and actor_kind = 'cli' and at > (
            select max(created_at) from access.api_keys)`)

async function number(sql: string): Promise<number> {
  const password = (await readFile(clusterFiles(dataDir).password, 'utf8')).trim()
  const running = await findRunning(clusterFiles(dataDir))
  const client = new pg.Client({ ...running?.endpoint, user: 'plimsoll', password, database: 'plimsoll' })
  await client.connect()
  try {
    const { rows } = await client.query<{ n: string | null }>(sql)
    return Number(rows[0]?.n ?? 0)
  } finally {
    await client.end()
  }
}

async function writeFiles(): Promise<string> {
  const folder = path.join(dataDir, 'csv')
  await mkdir(folder)
  const ids = Array.from({ length: CUSTOMERS }, (_, at) => `imp_${at}`)
  const customers = ids.map((id) => `${id},Imported ${id},Imported,,,,,100,2026-01-01,,,,,,,,`)
  await writeFile(path.join(folder, 'customers.csv'), [CUSTOMER_COLUMNS, ...customers].join('\n'))
  const events = Array.from({ length: EVENTS }, (_, at) => {
    const day = String((at % 28) + 1).padStart(2, '0')
    return `m-${at},${ids[at % CUSTOMERS]},2026-10-${day}T10:00:00Z,opened,u${at % 7},,,,false,1`
  })
  const header =
    'message_id,client_id,occurred_at,event_name,user_id,feature,session_id,duration_seconds,is_error,quantity'
  await writeFile(path.join(folder, 'usage_events.csv'), [header, ...events].join('\n'))
  return folder
}
