import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { autocommit } from '#kernel/database/transact'
import { CustomerSettings } from '../settings.ts'
import { testDatabase } from '../../../../test/support/database.ts'
import { TEST_NOW, testTenant } from '../../../../test/support/tenant.ts'
import { STANDARD_MODEL, scoringOf } from './scoring.ts'
import { renormalise } from './health-weights.ts'
import type { PerComponent } from './health-weights.ts'
import { churnFactors } from '../risk/churn-model.ts'
import { valuesOf } from './explain-components.ts'
import { storeScore } from './store/score.ts'
import type { ScoredRow } from './store/score.ts'

/** What the statement reads of one customer, as numbers. Null: the source has nothing. */
interface Given {
  readonly usage: { activeDays: number; events: number; eventsBefore: number; peak: number } | null
  readonly seats: number | null
  /** Negative: dated in the future, which tells nothing. */
  readonly silentDays: number | null
  readonly tickets: { open: number; urgent: number; before: number } | null
  readonly answers: readonly number[]
  readonly payment: { overdueDays: number; paidLate: boolean } | null
  readonly renewalDays: number
}

const database = await testDatabase()
const settings = CustomerSettings.parse({})
const WEIGHTS: PerComponent<number> = { usage: 0.35, engagement: 0.25, support: 0.15, satisfaction: 0.15, payment: 0.1 }

const givens: fc.Arbitrary<Given> = fc.record({
  usage: fc.option(
    fc.record({
      activeDays: fc.integer({ min: 0, max: 30 }),
      events: fc.integer({ min: 0, max: 5000 }),
      eventsBefore: fc.integer({ min: 0, max: 5000 }),
      peak: fc.integer({ min: 0, max: 40 }),
    }),
  ),
  seats: fc.option(fc.integer({ min: 1, max: 50 })),
  silentDays: fc.option(fc.integer({ min: -9, max: 400 })),
  tickets: fc.option(
    fc.record({
      open: fc.integer({ min: 0, max: 14 }),
      urgent: fc.integer({ min: 0, max: 4 }),
      before: fc.integer({ min: 0, max: 8 }),
    }),
  ),
  answers: fc.array(fc.integer({ min: 0, max: 10 }), { maxLength: 5 }),
  payment: fc.option(fc.record({ overdueDays: fc.integer({ min: 0, max: 90 }), paidLate: fc.boolean() })),
  renewalDays: fc.integer({ min: 1, max: 400 }),
})

it.each([
  [undefined, { at_risk_below: 60, critical_below: 40, healthy_from: 75 }],
  [30, { at_risk_below: 30, critical_below: 30, healthy_from: 75 }],
  [90, { at_risk_below: 90, critical_below: 40, healthy_from: 90 }],
])('an at-risk threshold of %s is never below the critical nor above the healthy one', (line, expected) => {
  const chosen = { as_of: TEST_NOW, lookback_days: 30, model: STANDARD_MODEL }
  expect(scoringOf(settings, line === undefined ? chosen : { ...chosen, at_risk_below: line })).toMatchObject(expected)
})

describe('the score of one customer', () => {
  it('equals a second implementation of the rules, for any known data', async () => {
    await fc.assert(
      fc.asyncProperty(givens, async (given) => {
        const row = await scoreOf(given)
        const expected = oracle(given)
        const values = valuesOf(row)
        for (const [name, value] of Object.entries(expected.values)) {
          // safe because: the oracle names the five components.
          const actual = values[name as keyof typeof values]
          if (value === null) expect(actual, name).toBeNull()
          else
            expect(Math.abs((actual ?? Number.NaN) - value), `${name} of ${JSON.stringify(given)}`).toBeLessThan(0.051)
        }
        if (expected.overall === null) expect(row.overall_score).toBeNull()
        else expect(Math.abs((row.overall_score ?? Number.NaN) - expected.overall)).toBeLessThan(0.11)
      }),
      { numRuns: 120 },
    )
  })

  it('lies within 0–100, and is the sum of its contributions by weights that sum to 1', async () => {
    await fc.assert(
      fc.asyncProperty(givens, async (given) => {
        const row = await scoreOf(given)
        const values = valuesOf(row)
        const used = renormalise(WEIGHTS, values)
        if (row.overall_score === null) {
          expect(Object.values(values).every((value) => value === null)).toBe(true)
          return
        }
        expect(row.overall_score).toBeGreaterThanOrEqual(0)
        expect(row.overall_score).toBeLessThanOrEqual(100)
        expect(Object.values(used).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 4)
        const sum =
          (values.usage ?? 0) * used.usage +
          (values.engagement ?? 0) * used.engagement +
          (values.support ?? 0) * used.support +
          (values.satisfaction ?? 0) * used.satisfaction +
          (values.payment ?? 0) * used.payment
        expect(Math.abs(sum - row.overall_score)).toBeLessThan(0.06)
        expect(row.churn_probability).toBeGreaterThan(0)
        expect(row.churn_probability).toBeLessThan(1)
      }),
      { numRuns: 60 },
    )
  })

  it('has a churn probability that is exactly the sum of its factors', async () => {
    await fc.assert(
      fc.asyncProperty(givens, async (given) => {
        const row = await scoreOf(given)
        if (row.churn_probability === null) return
        const factors = churnFactors(row)
        const sum = factors.reduce((total, { log_odds }) => total + log_odds, 0)
        expect(factors[0]).toMatchObject({ factor: 'base' })
        expect(1 / (1 + Math.exp(-sum))).toBeCloseTo(row.churn_probability, 9)
      }),
      { numRuns: 60 },
    )
  })

  const better: readonly [string, (given: Given) => Given][] = [
    ['more active days', (given) => onUsage(given, (usage) => ({ ...usage, activeDays: usage.activeDays + 1 }))],
    ['more events', (given) => onUsage(given, (usage) => ({ ...usage, events: usage.events + 100 }))],
    ['more people', (given) => onUsage(given, (usage) => ({ ...usage, peak: usage.peak + (usage.peak > 0 ? 2 : 0) }))],
    [
      'a more recent contact',
      (given) => ({
        ...given,
        silentDays: given.silentDays && Math.max(Math.min(0, given.silentDays), given.silentDays - 5),
      }),
    ],
    [
      'fewer open tickets',
      (given) =>
        onTickets(given, (tickets) => ({
          ...tickets,
          open: Math.max(Math.min(tickets.urgent, tickets.open), tickets.open - 1),
        })),
    ],
    ['better answers', (given) => ({ ...given, answers: given.answers.map((score) => Math.min(10, score + 1)) })],
    ['a paid bill', (given) => ({ ...given, payment: given.payment && { ...given.payment, overdueDays: 0 } })],
  ]
  it.each(better)('never falls by %s', async (_what, change) => {
    await fc.assert(
      fc.asyncProperty(givens, async (given) => {
        const [before, after] = [await scoreOf(given), await scoreOf(change(given))]
        if (before.overall_score === null || after.overall_score === null || known(before) !== known(after)) return
        expect(after.overall_score).toBeGreaterThanOrEqual(before.overall_score)
        expect(after.churn_probability ?? 1).toBeLessThanOrEqual((before.churn_probability ?? 0) + 1e-9)
      }),
      { numRuns: 25 },
    )
  })
})

/** Which components have data: where that differs, the scores are of different things. */
function known(row: ScoredRow): string {
  return Object.entries(valuesOf(row))
    .filter(([, value]) => value !== null)
    .join()
    .replaceAll(/[^a-z,]/g, '')
}

function onUsage(given: Given, change: (usage: NonNullable<Given['usage']>) => NonNullable<Given['usage']>): Given {
  return { ...given, usage: given.usage && change(given.usage) }
}

function onTickets(
  given: Given,
  change: (tickets: NonNullable<Given['tickets']>) => NonNullable<Given['tickets']>,
): Given {
  return { ...given, tickets: given.tickets && change(given.tickets) }
}

/** The documented rules, in TypeScript and from scratch. Open tickets are all of the window; urgent ones are among them. */
function oracle(given: Given): { values: PerComponent<number | null>; overall: number | null } {
  const values = {
    usage: usageOracle(given),
    engagement: given.silentDays === null || given.silentDays < 0 ? null : engagementOracle(given.silentDays),
    support: supportOracle(given),
    satisfaction:
      given.answers.length === 0
        ? null
        : (given.answers.reduce((sum, score) => sum + score, 0) / given.answers.length) * 10,
    payment: paymentOracle(given),
  }
  let weighted = 0
  let weight = 0
  for (const [name, value] of Object.entries(values)) {
    if (value === null) continue
    // safe because: the keys of `values` are the components.
    weighted += value * WEIGHTS[name as keyof typeof WEIGHTS]
    weight += WEIGHTS[name as keyof typeof WEIGHTS]
  }
  return { values, overall: weight === 0 ? null : weighted / weight }
}

function usageOracle({ usage, seats }: Given): number | null {
  if (usage === null) return null
  const parts: [number, number][] = [[0.4, Math.min(1, usage.activeDays / ((30 * 5) / 7))]]
  if (usage.eventsBefore > 0) parts.push([0.3, Math.min(1, (0.8 * usage.events) / usage.eventsBefore)])
  if (seats !== null && (usage.peak > 0 || usage.activeDays === 0)) parts.push([0.3, Math.min(1, usage.peak / seats)])
  const weight = parts.reduce((sum, [share]) => sum + share, 0)
  return (100 * parts.reduce((sum, [share, value]) => sum + share * value, 0)) / weight
}

function engagementOracle(days: number): number {
  const knots: readonly [number, number][] = [
    [0, 100],
    [3, 85],
    [7, 75],
    [14, 60],
    [30, 45],
    [90, 0],
  ]
  for (const [index, [day, score]] of knots.entries()) {
    const next = knots[index + 1]
    if (next === undefined) return 0
    if (days <= next[0]) return score + ((days - day) / (next[0] - day)) * (next[1] - score)
  }
  return 0
}

function supportOracle({ tickets, usage }: Given): number | null {
  // A ticket of a neighbour is always there, so who used the product in the window without tickets is known to have none.
  const isUsed = usage !== null && usage.activeDays > 0
  if (tickets === null || tickets.open === 0) return isUsed ? 100 : null
  const opened = tickets.open
  const rise = (opened - tickets.before) / Math.max(1, tickets.before)
  const penalty = opened >= 2 ? 30 * Math.min(1, Math.max(0, rise)) : 0
  return 100 - Math.min(30, 3 * tickets.open) - Math.min(20, 10 * Math.min(tickets.urgent, tickets.open)) - penalty
}

function paymentOracle({ payment, renewalDays }: Given): number | null {
  if (payment === null) return null
  const overdue = payment.overdueDays > 30 ? 60 : payment.overdueDays > 0 ? 40 : 0
  return 100 - overdue - (payment.paidLate ? 20 : 0) - (renewalDays <= 30 ? 10 : 0)
}

const tenant = await testTenant(database)
await database.owner.query(
  `insert into customers.customers (tenant_id, client_id, client_name, company_name, contract_start_date)
   values ($1, 'neighbour', 'n', 'n', '2026-01-01')`,
  [tenant.tenantId],
)
await database.owner.query(
  `insert into customers.tickets (tenant_id, ticket_id, client_id, opened_at) values ($1, 'tkt_n', 'neighbour', '2026-01-01')`,
  [tenant.tenantId],
)

/** Writes the facts as rows of a new customer and lets the statement score it. */
let made = 0
async function scoreOf(given: Given): Promise<ScoredRow> {
  const id = `c${++made}`
  const one = [tenant.tenantId, id]
  const { owner } = database
  await owner.query(
    `insert into customers.customers (tenant_id, client_id, client_name, company_name, contract_start_date, renewal_date, seats, last_engagement_at)
     values ($1, $2, 'c', 'c', '2026-01-01', date '2026-11-20' + $3::int, $4, $5::timestamptz - make_interval(days => $6::int))`,
    [...one, given.renewalDays, given.seats, TEST_NOW, given.silentDays],
  )
  const { usage } = given
  await owner.query(
    `insert into customers.usage_windows (tenant_id, client_id, days, as_of, events, events_before, active_days, active_days_before, active_users_peak, last_day)
     values ($1, $2, 30, '2026-11-20', $3, $4, $5, 0, $6, $7)`,
    [
      ...one,
      usage?.events ?? 0,
      usage?.eventsBefore ?? 0,
      usage?.activeDays ?? 0,
      usage?.peak ?? 0,
      usage && '2026-11-19',
    ],
  )
  await owner.query(
    `insert into customers.tickets (tenant_id, ticket_id, client_id, priority, status, opened_at, resolved_at)
     select $1, $2 || '_' || i, $2, case when i <= $4 then 'P1' else 'P3' end, case when i <= $3 then 'open' else 'resolved' end,
       case when i <= $3 then timestamptz '2026-11-15' else timestamptz '2026-10-01' end, case when i > $3 then timestamptz '2026-10-02' end
     from generate_series(1, $3::int + $5::int) i`,
    [
      ...one,
      given.tickets?.open ?? 0,
      Math.min(given.tickets?.urgent ?? 0, given.tickets?.open ?? 0),
      given.tickets?.before ?? 0,
    ],
  )
  await owner.query(
    `insert into customers.survey_answers (tenant_id, answer_id, client_id, kind, score, responded_at)
     select $1, $2 || '_' || place, $2, 'nps', score, '2026-11-10' from unnest($3::int[]) with ordinality a (score, place)`,
    [...one, given.answers],
  )
  if (given.payment !== null) {
    await owner.query(
      `insert into customers.payments (tenant_id, payment_id, client_id, amount_cents, due_on, paid_on, status) values
         ($1, $2 || '_a', $2, 100, '2026-09-01', '2026-09-01', 'paid'),
         ($1, $2 || '_b', $2, 100, '2026-11-01', case when $4 then date '2026-11-05' else date '2026-11-01' end, 'paid'),
         ($1, $2 || '_c', $2, 100, date '2026-11-20' - $3::int, null, case when $3::int > 0 then 'pending' else 'void' end)`,
      [...one, given.payment.overdueDays, given.payment.paidLate],
    )
  }
  const scoring = scoringOf(settings, { as_of: TEST_NOW, lookback_days: 30, model: STANDARD_MODEL })
  return storeScore(autocommit(tenant.ctx()), id, scoring, true)
}
