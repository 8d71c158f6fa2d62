import type pg from 'pg'

/** The size of a generated tenant. */
export interface TenantSize {
  readonly tenantId: string
  readonly customers: number
  /** Days back from today that may have usage. */
  readonly days: number
  /** Share of these days with usage, the same for every customer. */
  readonly activeShare: number
}

/**
 * Fills a tenant by statements on the server: per customer about 1 payment, ½ ticket, ⅓ survey answer and 2 contacts, and
 * one usage row per active day. Equal sizes give equal rows, because every figure is a hash of the customer's number.
 */
export async function generateCustomers(pool: pg.Pool, size: TenantSize): Promise<void> {
  const { tenantId, customers, days, activeShare } = size
  await pool.query(
    'insert into access.tenants (tenant_id, name, created_at) values ($1, $1, now()) on conflict do nothing',
    [tenantId],
  )
  for (const text of STATEMENTS) {
    const values = [tenantId, customers, days, activeShare]
    await pool.query(text, values.slice(0, Math.max(...[...text.matchAll(/\$(\d)/g)].map(([, n]) => Number(n)))))
  }
  await pool.query('vacuum analyze')
}

/** The id of the n-th customer, from 1. */
export const generatedClientId = (n: number) => `cus_${String(n).padStart(8, '0')}`

/** An SQL expression for a value from 0 to 1, equal for equal numbers. */
const chance = (...numbers: string[]) =>
  `((hashint8extended((${numbers.join(') * 1000003::bigint + (')})::bigint, 42) & 1048575) / 1048576.0)`
const clientId = (n: string) => `'cus_' || lpad(${n}::text, 8, '0')`

const STATEMENTS: readonly string[] = [
  `insert into customers.customers (tenant_id, client_id, client_name, company_name, tier, lifecycle_stage, contract_value_cents,
     contract_start_date, contract_end_date, renewal_date, seats, last_engagement_at)
   select $1, ${clientId('n')}, 'Customer ' || n, 'Company ' || n,
     (array['starter', 'standard', 'professional', 'enterprise'])[1 + floor(4 * ${chance('n', '1')})::int],
     case when ${chance('n', '2')} < 0.1 then 'onboarding' else 'active' end,
     floor(10000000 * ${chance('n', '3')})::bigint,
     current_date - 400, current_date + 30 + floor(300 * ${chance('n', '4')})::int, current_date + 30 + floor(300 * ${chance('n', '4')})::int,
     5 + floor(200 * ${chance('n', '5')})::int, now() - make_interval(hours => floor(2000 * ${chance('n', '6')})::int)
   from generate_series(1, $2::int) n`,
  `insert into customers.contacts (tenant_id, contact_id, client_id, email, name, is_primary, last_contacted_at)
   select $1, 'con_' || n || '_' || k, ${clientId('n')}, 'person' || n || '.' || k || '@example.com', 'Person ' || n, k = 1,
     now() - make_interval(hours => floor(2000 * ${chance('n', '10 + k')})::int)
   from generate_series(1, $2::int) n, generate_series(1, 2) k`,
  `insert into customers.contracts (tenant_id, contract_id, client_id, contract_value_cents, start_date, end_date, renewal_date,
     included_users, payment_status)
   select tenant_id, 'ctr_' || client_id, client_id, contract_value_cents, contract_start_date, contract_end_date, renewal_date, seats,
     'current'
   from customers.customers where tenant_id = $1`,
  `insert into customers.payments (tenant_id, payment_id, client_id, amount_cents, due_on, paid_on, status)
   select $1, 'pay_' || n, ${clientId('n')}, 100000, current_date - due,
     case when ${chance('n', '20')} < 0.9 then current_date - due + floor(20 * ${chance('n', '21')})::int end,
     case when ${chance('n', '20')} < 0.9 then 'paid' else 'pending' end
   from generate_series(1, $2::int) n, lateral (select floor(85 * ${chance('n', '22')})::int as due) d`,
  `insert into customers.tickets (tenant_id, ticket_id, client_id, subject, priority, status, opened_at, resolved_at)
   select $1, 'TKT-' || n, ${clientId('n')}, 'Ticket ' || n, 'P' || 1 + floor(4 * ${chance('n', '30')})::int,
     case when ${chance('n', '31')} < 0.8 then 'resolved' else 'open' end,
     opened, case when ${chance('n', '31')} < 0.8 then opened + make_interval(hours => floor(90 * ${chance('n', '32')})::int) end
   from generate_series(1, $2::int, 2) n,
     lateral (select now() - make_interval(hours => 100 + floor(2000 * ${chance('n', '33')})::int) as opened) o`,
  `insert into customers.survey_answers (tenant_id, answer_id, client_id, kind, score, responded_at)
   select $1, 'ans_' || n, ${clientId('n')}, 'nps', floor(11 * ${chance('n', '40')})::int,
     now() - make_interval(hours => floor(2000 * ${chance('n', '41')})::int)
   from generate_series(1, $2::int, 3) n`,
  `insert into customers.usage_daily (tenant_id, client_id, day, events, active_users, sessions, minutes, errors, features)
   select $1, ${clientId('n')}, current_date - d, 1 + floor(200 * ${chance('n', '100 + d')})::bigint,
     1 + floor(20 * ${chance('n', '300 + d')})::int, 5, 60, 0, 3
   from generate_series(1, $2::int) n, generate_series(0, $3::int - 1) d
   where ${chance('n', '500 + d')} < $4::float8`,
]
