import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { newId } from '#kernel/ids'
import { toCents } from '../../record/money.ts'
import type { Criteria, SegmentCustomersInput } from '../segment-contract.ts'

export type Division = SegmentCustomersInput['segmentation_type'] | 'value_tier'

/** Lower bounds that name the parts; see `DivisionBounds`. */
export interface DivisionBounds {
  readonly criticalBelow: number
  readonly atRiskBelow: number
  readonly healthyFrom: number
  readonly championFrom: number
  /** Decimal amounts from which a customer is standard, professional, enterprise, strategic. */
  readonly value: readonly [number, number, number, number]
}

const VALUE_LABEL = `case when contract_value_cents >= $13 then 'strategic' when contract_value_cents >= $12 then 'enterprise'
  when contract_value_cents >= $11 then 'professional' when contract_value_cents >= $10 then 'standard' else 'starter' end`

/** The part a customer `c` with the 30-day window `w` belongs to. */
const LABELS: Readonly<Record<Division, string>> = {
  value_based: VALUE_LABEL,
  value_tier: VALUE_LABEL,
  usage_based: `case when w.last_day is null then 'never used' when w.active_days >= 15 then 'power'
    when w.active_days >= 8 then 'regular' when w.active_days >= 1 then 'light' else 'dormant' end`,
  health_based: `case when health_score is null then 'unknown' when health_score < $14 then 'critical' when health_score < $15 then 'at risk'
    when health_score < $16 then 'stable' when health_score < $17 then 'healthy' else 'champion' end`,
  industry: 'industry',
  lifecycle: 'lifecycle_stage',
  custom: '$18::text',
}

/** Types are named here, because each division uses only some of the parameters. */
const TYPED = `typed as (select $10::bigint, $11::bigint, $12::bigint, $13::bigint, $14::float8, $15::float8, $16::float8,
  $17::float8, $18::text)`

const labelled = (division: Division) => `${TYPED},
labelled as (
  select c.client_id, ${LABELS[division]} as label, c.tier, c.industry, c.contract_value_cents, c.health_score, c.churn_probability
  from customers.customers c
  left join customers.usage_windows w on w.tenant_id = $1 and w.client_id = c.client_id and w.days = 30
  where c.tenant_id = $1 and ($2::text is null or c.tier = $2) and ($3::text is null or c.industry = $3)
    and ($4::text is null or c.lifecycle_stage = $4) and ($5::bigint is null or c.contract_value_cents >= $5)
    and ($6::bigint is null or c.contract_value_cents <= $6) and ($7::float8 is null or c.health_score >= $7)
    and ($8::float8 is null or c.health_score <= $8) and ($4::text = 'churned' or c.status <> 'churned'))`

export interface PartRow {
  readonly label: string
  readonly customers: number
  readonly arr_cents: number
  readonly average_health: number | null
  readonly average_churn: number | null
  readonly at_risk: number
  /** Customers with a score, over which the averages are. */
  readonly scored: number
  readonly common_tier: string
  readonly common_industry: string
}

const perDivision = <Row>(name: string, text: (division: Division) => string) => {
  const make = (division: Division) => statement<Row>(`customers.${name}-${division.replace('_', '-')}`, text(division))
  return {
    value_based: make('value_based'),
    value_tier: make('value_tier'),
    usage_based: make('usage_based'),
    health_based: make('health_based'),
    industry: make('industry'),
    lifecycle: make('lifecycle'),
    custom: make('custom'),
  }
}

const parts = perDivision<PartRow>(
  'divide',
  (division) => `with ${labelled(division)}
   select label, count(*) as customers, sum(contract_value_cents)::bigint as arr_cents, avg(health_score) as average_health,
     avg(churn_probability) as average_churn, count(*) filter (where health_score < $9::float8) as at_risk,
     count(health_score) as scored, mode() within group (order by tier) as common_tier,
     mode() within group (order by industry) as common_industry
   from labelled group by label order by customers desc, label`,
)

const migrations = perDivision<{ from: string; to: string; customers: number }>(
  'migrate',
  (division) => `with ${labelled(division)}, noted as (select $9::float8)
   select s.segment_name as from, l.label as to, count(*) as customers from labelled l
   join customers.segment_members m on m.tenant_id = $1 and m.client_id = l.client_id
   join customers.segments s on s.tenant_id = $1 and s.segment_id = m.segment_id and s.segment_type = $19
   where s.segment_name <> l.label group by 1, 2 order by customers desc, 1, 2 limit 50`,
)

const members = perDivision<{ segment_id: string; client_ids: string[] }>(
  'assign',
  (division) => `with ${labelled(division)}, noted as (select $9::float8),
   joined as (insert into customers.segment_members (tenant_id, segment_id, client_id, joined_at)
     select $1, s.segment_id, l.client_id, $20::timestamptz from labelled l
     join customers.segments s on s.tenant_id = $1 and s.segment_type = $19 and s.segment_name = l.label
     returning segment_id, client_id)
   select segment_id, (array_agg(client_id order by client_id))[1:100] as client_ids from joined group by segment_id`,
)

const forget = statement(
  'customers.forget-segments',
  `delete from customers.segments where tenant_id = $1 and segment_type = $2 and ($4::text is null or segment_name = $4)
     and ($4::text is not null or segment_name <> all ($3::text[]))`,
)

const empty = statement(
  'customers.empty-segments',
  `delete from customers.segment_members m using customers.segments s
   where m.tenant_id = $1 and s.tenant_id = $1 and s.segment_id = m.segment_id and s.segment_type = $2 and s.segment_name = any ($3::text[])`,
)

const save = statement<{ segment_id: string; segment_name: string }>(
  'customers.save-segments',
  `insert into customers.segments (tenant_id, segment_id, segment_name, segment_type, criteria, engagement_strategy,
     customer_count, total_arr_cents, avg_health_score, created_at, updated_at)
   select $1, p.segment_id, p.label, $2, $3, p.strategy, p.customers, p.arr, p.health, $4, $4
   from unnest($5::text[], $6::text[], $7::jsonb[], $8::int[], $9::bigint[], $10::float8[]) p (segment_id, label, strategy, customers, arr, health)
   on conflict (tenant_id, segment_type, segment_name) do update set criteria = excluded.criteria,
     engagement_strategy = excluded.engagement_strategy, customer_count = excluded.customer_count,
     total_arr_cents = excluded.total_arr_cents, avg_health_score = excluded.avg_health_score, updated_at = excluded.updated_at
   returning segment_id, segment_name`,
)

export interface Divided {
  readonly division: Division
  readonly criteria: Criteria
  readonly bounds: DivisionBounds
}

function values(ctx: Ctx, { criteria, bounds }: Divided): unknown[] {
  const cents = (amount: number | undefined) => (amount === undefined ? null : toCents(amount))
  return [
    ctx.tenantId,
    criteria.tier ?? null,
    criteria.industry ?? null,
    criteria.lifecycle_stage ?? null,
    cents(criteria.value_min),
    cents(criteria.value_max),
    criteria.health_min ?? null,
    criteria.health_max ?? null,
    bounds.atRiskBelow,
    ...bounds.value.map(toCents),
    bounds.criticalBelow,
    bounds.atRiskBelow,
    bounds.healthyFrom,
    bounds.championFrom,
    criteria.name ?? 'custom',
  ]
}

const lock = statement(
  'customers.lock-division',
  `select pg_advisory_xact_lock(hashtextextended('customers.segments/' || $1::text || '/' || $2::text, 0))`,
)

/**
 * One at a time: storing a division empties its segments and fills them again, and two that do so together would put
 * the same members in twice. Held until the transaction ends.
 */
export async function lockDivision(ctx: Ctx, division: Division): Promise<void> {
  await lock(ctx.db, [ctx.tenantId, division])
}

/** The parts a division makes, the largest first. */
export async function divide(ctx: Ctx, divided: Divided): Promise<PartRow[]> {
  return parts[divided.division](ctx.db, values(ctx, divided))
}

/** Who is in another part than when the division was last stored. */
export async function segmentMigration(ctx: Ctx, divided: Divided) {
  return migrations[divided.division](ctx.db, [...values(ctx, divided), divided.division])
}

export interface StoredSegment {
  readonly segment_id: string
  readonly segment_name: string
  readonly client_ids: readonly string[]
}

/** Replaces the stored parts of a division and their members; a custom segment replaces the one of its name. */
export async function storeSegments(
  ctx: Ctx,
  divided: Divided,
  kept: readonly PartRow[],
  strategyFor: (label: string) => string | undefined,
): Promise<StoredSegment[]> {
  const now = ctx.clock()
  const labels = kept.map((part) => part.label)
  const only = divided.division === 'custom' ? (divided.criteria.name ?? 'custom') : null
  await forget(ctx.db, [ctx.tenantId, divided.division, labels, only !== null && kept.length === 0 ? only : null])
  await empty(ctx.db, [ctx.tenantId, divided.division, labels])
  if (kept.length === 0) return []
  const saved = await save(ctx.db, [
    ctx.tenantId,
    divided.division,
    JSON.stringify(divided.criteria),
    now,
    kept.map(() => newId('seg', now)),
    labels,
    kept.map((part) => JSON.stringify({ approach: strategyFor(part.label) ?? null })),
    kept.map((part) => part.customers),
    kept.map((part) => part.arr_cents),
    kept.map((part) => part.average_health),
  ])
  const assigned = await members[divided.division](ctx.db, [...values(ctx, divided), divided.division, now])
  const idsOf = new Map(assigned.map((row) => [row.segment_id, row.client_ids]))
  return saved.map((row) => ({ ...row, client_ids: idsOf.get(row.segment_id) ?? [] }))
}
