import { readFileSync, readdirSync } from 'node:fs'
import type pg from 'pg'
import { TENANT } from './platform-under-test.ts'

/** Creates `tenants` tenants, each with one customer per round, and the tenant of the server's key, which has none. */
export async function generateTenants(pool: pg.Pool, tenants: number, rounds: number): Promise<void> {
  const ids = `select 't' || lpad(n::text, 6, '0') as tenant_id from generate_series(1, $1::int) n`
  await pool.query(
    `insert into access.tenants (tenant_id, name, created_at) select tenant_id, tenant_id, now() from (${ids}) t`,
    [tenants],
  )
  await pool.query('insert into access.tenants (tenant_id, name, created_at) values ($1, $1, now())', [TENANT])
  await pool.query(
    `insert into customers.customers (tenant_id, client_id, client_name, company_name, contract_start_date)
     select tenant_id, 'cus_' || round, 'Customer ' || round, 'Company ' || round, current_date - 400
     from (${ids}) t, generate_series(1, $2::int) round`,
    [tenants, rounds],
  )
  await pool.query(`select customers.ensure_usage_partition(date_trunc('month', now())::date)`)
  await pool.query('analyze')
}

/** Stores three events of today for one customer of every tenant, and marks the day for roll-up, as ingestion does. */
export async function markEveryTenant(pool: pg.Pool, round: number): Promise<void> {
  await pool.query(
    `with stored as (
       insert into customers.usage_events
         (tenant_id, client_id, occurred_at, message_id, event_name, user_id, feature, source)
       select tenant_id, client_id, now(), client_id || '_' || n, 'Report Opened', 'user_' || n, 'reports', 'api'
       from customers.customers, generate_series(1, 3) n where client_id = $1
     )
     insert into customers.usage_dirty (tenant_id, client_id, day)
     select tenant_id, client_id, (now() at time zone 'UTC')::date from customers.customers where client_id = $1`,
    [`cus_${round}`],
  )
}

/** The tenants whose marks of a round are not rolled up yet. */
export async function tenantsMarked(pool: pg.Pool, round: number): Promise<Set<string>> {
  const { rows } = await pool.query<{ tenant_id: string }>(
    'select distinct tenant_id from customers.usage_dirty where client_id = $1',
    [`cus_${round}`],
  )
  return new Set(rows.map(({ tenant_id }) => tenant_id))
}

/** Inserts `eventsEach` unsealed audit events for each tenant, as the product does, after vacuuming the sealed ones. */
export async function insertAuditEvents(pool: pg.Pool, tenants: number, eventsEach: number): Promise<void> {
  await pool.query('vacuum audit.unsealed')
  await pool.query(
    `with noted as (
       insert into audit.events (tenant_id, id, at, actor_kind, actor_id, action, subject, request_id, outcome, after)
       select 't' || lpad(t::text, 6, '0'), 'aud_' || replace(gen_random_uuid()::text, '-', ''), now(), 'key', 'key_bench',
         'customers.update-client', 'cus_1', 'bench', 'ok', '{"csm_assigned": "Ada Lovelace", "version": 7}'
       from generate_series(1, $1::int) t, generate_series(1, $2::int)
       returning tenant_id, id
     )
     insert into audit.unsealed (tenant_id, event_id) select tenant_id, id from noted`,
    [tenants, eventsEach],
  )
}

/** The number of tenant jobs enqueued since a time. */
export async function tenantsQueued(pool: pg.Pool, since: Date): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from jobs.job where created_on >= $1 and data ->> 'kind' = 'tenant'`,
    [since],
  )
  return rows[0]?.count ?? Number.NaN
}

/** The number of transactions that PostgreSQL has committed in this database. */
export async function transactionsCommitted(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'select xact_commit::float8 as count from pg_stat_database where datname = current_database()',
  )
  return rows[0]?.count ?? Number.NaN
}

/** CPU time used by all processes of PostgreSQL, including ended ones; NaN where there is no `/proc`. */
export async function databaseCpuSeconds(pool: pg.Pool): Promise<number> {
  if (process.platform !== 'linux') return Number.NaN
  const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
  const postmaster = processTimes(rows[0]?.pid ?? 0)?.parent ?? 0
  const own = processTimes(postmaster)
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processTimes(Number(name)))
    .filter((times) => times?.parent === postmaster)
  const ticks = children.reduce((sum, times) => sum + (times?.own ?? 0), (own?.own ?? 0) + (own?.ended ?? 0))
  return ticks / TICKS_PER_SECOND
}

const TICKS_PER_SECOND = 100

function processTimes(pid: number): { parent: number; own: number; ended: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    const at = (index: number) => Number(fields[index])
    return { parent: at(1), own: at(11) + at(12), ended: at(13) + at(14) }
  } catch {
    // Safe because: a process that ended since the folder was listed is counted with its parent.
    return undefined
  }
}
