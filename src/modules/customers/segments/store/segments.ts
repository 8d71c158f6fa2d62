import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { newId } from '#kernel/ids'
import type { WriteCtx } from '#kernel/writes/change'
import { divisionValues, readingOf, writingOf } from './divisions.ts'
import type { Divided, Division } from './divisions.ts'

const PartRow = z.strictObject({
  label: z.string(),
  customers: z.int(),
  arr_cents: z.int(),
  average_health: z.number().nullable(),
  average_churn: z.number().nullable(),
  at_risk: z.int(),
  /** The number of customers with a score, which the averages cover. */
  scored: z.int(),
  common_tier: z.string(),
  common_industry: z.string(),
})
export type PartRow = z.output<typeof PartRow>

const parts = readingOf(
  'divide',
  PartRow,
  (labelled) => sql`with ${labelled}
    select label, count(*) as customers, sum(contract_value_cents)::bigint as arr_cents, avg(health_score) as average_health,
      avg(churn_probability) as average_churn, count(*) filter (where health_score < :at_risk_below::float8) as at_risk,
      count(health_score) as scored, mode() within group (order by tier) as common_tier,
      mode() within group (order by industry) as common_industry
    from labelled group by label order by customers desc, label`,
)

const Migration = z.strictObject({ from: z.string(), to: z.string(), customers: z.int() })

const migrations = readingOf(
  'migrate',
  Migration,
  (labelled) => sql`with ${labelled}
    select s.segment_name as from, l.label as to, count(*) as customers from labelled l
    join customers.segment_members m on m.tenant_id = :tenant_id and m.client_id = l.client_id
    join customers.segments s on s.tenant_id = :tenant_id and s.segment_id = m.segment_id and s.segment_type = :division
    where s.segment_name <> l.label group by 1, 2 order by customers desc, 1, 2 limit 50`,
)

const Members = z.strictObject({ segment_id: z.string(), client_ids: z.array(z.string()) })

const assign = writingOf(
  'assign',
  Members,
  (labelled) => sql`with ${labelled},
    joined as (insert into customers.segment_members (tenant_id, segment_id, client_id, joined_at)
      select :tenant_id, s.segment_id, l.client_id, :now::timestamptz from labelled l
      join customers.segments s on s.tenant_id = :tenant_id and s.segment_type = :division and s.segment_name = l.label
      returning segment_id, client_id)
    select segment_id, (array_agg(client_id order by client_id))[1:100] as client_ids from joined group by segment_id`,
)

const OfDivision = { division: z.string() }
const Labelled = { ...OfDivision, labels: z.array(z.string()) }

const deleteNamed = writing(
  'customers.forget-segment',
  sql`delete from customers.segments
    where tenant_id = :tenant_id and segment_type = :division and segment_name = :name`,
  { params: { ...OfDivision, name: z.string() } },
)

const deleteOthers = writing(
  'customers.forget-segments',
  sql`delete from customers.segments
    where tenant_id = :tenant_id and segment_type = :division and segment_name <> all (:labels::text[])`,
  { params: Labelled },
)

const empty = writing(
  'customers.empty-segments',
  sql`delete from customers.segment_members m using customers.segments s
    where m.tenant_id = :tenant_id and s.tenant_id = :tenant_id and s.segment_id = m.segment_id
      and s.segment_type = :division and s.segment_name = any (:labels::text[])`,
  { params: Labelled },
)

const SavedSegment = z.strictObject({ segment_id: z.string(), segment_name: z.string() })

const save = writing(
  'customers.save-segments',
  sql`insert into customers.segments (tenant_id, segment_id, segment_name, segment_type, criteria, engagement_strategy,
      customer_count, total_arr_cents, avg_health_score, created_at, updated_at)
    select :tenant_id, p.segment_id, p.label, :division, :criteria, p.strategy, p.customers, p.arr, p.health, :now, :now
    from unnest(:ids::text[], :labels::text[], :strategies::jsonb[], :counts::int[], :arr_cents::bigint[], :healths::float8[])
      p (segment_id, label, strategy, customers, arr, health)
    on conflict (tenant_id, segment_type, segment_name) do update set criteria = excluded.criteria,
      engagement_strategy = excluded.engagement_strategy, customer_count = excluded.customer_count,
      total_arr_cents = excluded.total_arr_cents, avg_health_score = excluded.avg_health_score, updated_at = excluded.updated_at
    returning segment_id, segment_name`,
  {
    params: {
      ...Labelled,
      criteria: z.string(),
      now: z.date(),
      ids: z.array(z.string()),
      strategies: z.array(z.string()),
      counts: z.array(z.int()),
      arr_cents: z.array(z.int()),
      healths: z.array(z.number().nullable()),
    },
    row: SavedSegment,
  },
)

const lock = writing(
  'customers.lock-division',
  sql`select pg_advisory_xact_lock(hashtextextended('customers.segments/' || :tenant_id::text || '/' || :division::text, 0))`,
  { params: OfDivision, row: z.strictObject({ pg_advisory_xact_lock: z.string() }) },
)

/**
 * Locks a division until the transaction ends: storing it empties and refills its segments, and two concurrent runs
 * would insert the same members twice.
 */
export async function lockDivision(ctx: WriteCtx, division: Division): Promise<void> {
  await lock(ctx, { division })
}

/** The segments of a division, the largest first. */
export async function divide(ctx: Ctx, divided: Divided): Promise<PartRow[]> {
  return parts[divided.division](ctx, divisionValues(divided, ctx.clock()))
}

/** The customers whose segment has changed since the division was last stored. */
export async function segmentMigration(ctx: Ctx, divided: Divided): Promise<z.output<typeof Migration>[]> {
  return migrations[divided.division](ctx, divisionValues(divided, ctx.clock()))
}

export interface StoredSegment extends z.output<typeof SavedSegment> {
  readonly client_ids: readonly string[]
}

/** Replaces the stored segments of a division and their members; a custom segment replaces the one of the same name. */
export async function storeSegments(
  ctx: WriteCtx,
  divided: Divided,
  kept: readonly PartRow[],
  strategyFor: (label: string) => string | undefined,
): Promise<StoredSegment[]> {
  const now = ctx.clock()
  const values = { ...divisionValues(divided, now), labels: kept.map((part) => part.label) }
  await (divided.division === 'custom' && kept.length === 0 ? deleteNamed(ctx, values) : deleteOthers(ctx, values))
  await empty(ctx, values)
  if (kept.length === 0) return []
  const saved = await save(ctx, {
    ...values,
    criteria: JSON.stringify(divided.criteria),
    ids: kept.map(() => newId('seg', now)),
    strategies: kept.map((part) => JSON.stringify({ approach: strategyFor(part.label) ?? null })),
    counts: kept.map((part) => part.customers),
    arr_cents: kept.map((part) => part.arr_cents),
    healths: kept.map((part) => part.average_health),
  })
  const assigned = await assign[divided.division](ctx, values)
  const idsOf = new Map(assigned.map((row) => [row.segment_id, row.client_ids]))
  return saved.map((row) => ({ ...row, client_ids: idsOf.get(row.segment_id) ?? [] }))
}
