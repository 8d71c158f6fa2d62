import type { TestDatabase } from './database.ts'

export interface CustomerData {
  readonly clientId: string
  readonly name?: string
  readonly tier?: string
  readonly industry?: string
  readonly value?: number
  readonly seats?: number
  readonly startedOn?: string
  readonly renewsOn?: string
  readonly lastContactAt?: string
  /** Days of usage, with its amount. */
  readonly usage?: readonly { day: string; events: number; users?: readonly string[]; features?: readonly string[] }[]
  readonly tickets?: readonly { openedAt: string; priority: string; status: string; category?: string }[]
  readonly answers?: readonly { kind: string; score: number; at: string }[]
  readonly payments?: readonly { dueOn: string; paidOn?: string }[]
}

/** Inserts customers and their data directly into the tables, rollups included. */
export async function addCustomers(database: TestDatabase, tenantId: string, customers: readonly CustomerData[]) {
  for (const customer of customers) await addCustomer(database, tenantId, customer)
}

async function addCustomer({ owner }: TestDatabase, tenantId: string, customer: CustomerData): Promise<void> {
  const id = customer.clientId
  const name = customer.name ?? id
  await owner.query(
    `insert into customers.customers (tenant_id, client_id, client_name, company_name, industry, tier, contract_value_cents, seats,
       contract_start_date, contract_end_date, renewal_date, last_engagement_at, created_at, updated_at)
     values ($1, $2, $3, $3, $4, $5, $6, $7, $8::date, $9::date, $9::date, $10, $8::date, $8::date)`,
    [
      tenantId,
      id,
      name,
      customer.industry ?? 'Technology',
      customer.tier ?? 'standard',
      (customer.value ?? 0) * 100,
      customer.seats ?? null,
      customer.startedOn ?? '2026-01-01',
      customer.renewsOn ?? '2027-01-01',
      customer.lastContactAt ?? null,
    ],
  )
  for (const { day, events, users = [], features = [] } of customer.usage ?? []) {
    await owner.query(
      `insert into customers.usage_daily (tenant_id, client_id, day, events, active_users, sessions, minutes, errors, features)
       values ($1, $2, $3, $4::int, $5::int, $5::int, $4::int, 0, $6)`,
      [tenantId, id, day, events, users.length, features.length],
    )
    await owner.query(
      `insert into customers.usage_daily_users (tenant_id, client_id, day, user_id, events)
       select $1, $2, $3, u, 1 from unnest($4::text[]) u`,
      [tenantId, id, day, users],
    )
    await owner.query(
      `insert into customers.usage_daily_features (tenant_id, client_id, day, feature, events, active_users)
       select $1, $2, $3, f, 1, 1 from unnest($4::text[]) f`,
      [tenantId, id, day, features],
    )
  }
  await addDealings(owner, tenantId, customer)
}

async function addDealings(owner: TestDatabase['owner'], tenantId: string, customer: CustomerData): Promise<void> {
  const id = customer.clientId
  for (const [place, ticket] of (customer.tickets ?? []).entries()) {
    await owner.query(
      `insert into customers.tickets (tenant_id, ticket_id, client_id, subject, priority, status, category, opened_at, resolved_at)
       values ($1, $2, $3, $4, $5, $6::text, $7, $8::timestamptz, case when $6::text in ('resolved', 'closed') then $8::timestamptz + interval '1 day' end)`,
      [
        tenantId,
        `tkt_${id}_${place}`,
        id,
        `Ticket ${place}`,
        ticket.priority,
        ticket.status,
        ticket.category ?? 'other',
        ticket.openedAt,
      ],
    )
  }
  for (const [place, answer] of (customer.answers ?? []).entries()) {
    await owner.query(
      `insert into customers.survey_answers (tenant_id, answer_id, client_id, kind, score, responded_at) values ($1, $2, $3, $4, $5, $6)`,
      [tenantId, `ans_${id}_${place}`, id, answer.kind, answer.score, answer.at],
    )
  }
  for (const [place, payment] of (customer.payments ?? []).entries()) {
    await owner.query(
      `insert into customers.payments (tenant_id, payment_id, client_id, amount_cents, due_on, paid_on, status)
       values ($1, $2, $3, 100000, $4, $5, $6)`,
      [
        tenantId,
        `pay_${id}_${place}`,
        id,
        payment.dueOn,
        payment.paidOn ?? null,
        payment.paidOn === undefined ? 'pending' : 'paid',
      ],
    )
  }
}

/** The days in a range of days before 2026-11-20, latest last. */
export function daysBack(from: number, to: number): string[] {
  const today = Date.parse('2026-11-20T00:00:00Z')
  return Array.from({ length: from - to + 1 }, (_, index) =>
    new Date(today - (from - index) * 86_400_000).toISOString().slice(0, 10),
  )
}

const people = (count: number) => Array.from({ length: count }, (_, index) => `user_${index + 1}`)

/** Four customers: one healthy, one likely to leave, one declining, and one without data. */
export const FOUR_CUSTOMERS: readonly CustomerData[] = [
  {
    clientId: 'acme',
    name: 'Acme',
    tier: 'enterprise',
    value: 120_000,
    seats: 10,
    renewsOn: '2027-06-30',
    lastContactAt: '2026-11-18T12:00:00Z',
    usage: daysBack(59, 0).map((day) => ({
      day,
      events: 40,
      users: people(8),
      features: ['reports', 'api', 'alerts'],
    })),
    tickets: [{ openedAt: '2026-10-01T09:00:00Z', priority: 'P3', status: 'resolved' }],
    answers: [{ kind: 'nps', score: 9, at: '2026-11-01T10:00:00Z' }],
    payments: [{ dueOn: '2026-11-01', paidOn: '2026-10-30' }],
  },
  {
    clientId: 'globex',
    name: 'Globex',
    tier: 'professional',
    industry: 'Energy',
    value: 60_000,
    seats: 20,
    renewsOn: '2026-12-15',
    lastContactAt: '2026-10-01T12:00:00Z',
    usage: daysBack(59, 25).map((day) => ({ day, events: 30, users: people(6), features: ['reports'] })),
    tickets: [
      { openedAt: '2026-11-10T09:00:00Z', priority: 'P1', status: 'open', category: 'performance' },
      { openedAt: '2026-11-12T09:00:00Z', priority: 'P2', status: 'open', category: 'performance' },
    ],
    answers: [{ kind: 'nps', score: 2, at: '2026-11-05T10:00:00Z' }],
    payments: [{ dueOn: '2026-10-01' }],
  },
  {
    clientId: 'initech',
    name: 'Initech',
    value: 20_000,
    seats: 5,
    renewsOn: '2027-03-01',
    lastContactAt: '2026-11-06T12:00:00Z',
    usage: [
      ...daysBack(59, 30).map((day) => ({ day, events: 20, users: people(3), features: ['reports'] })),
      ...daysBack(29, 15).map((day) => ({ day, events: 20, users: people(2), features: ['reports'] })),
    ],
    payments: [{ dueOn: '2026-11-05', paidOn: '2026-11-15' }],
  },
  { clientId: 'hooli', name: 'Hooli', tier: 'starter', startedOn: '2026-11-10' },
]
