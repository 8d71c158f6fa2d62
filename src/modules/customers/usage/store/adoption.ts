import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { filteredStatement } from '#kernel/database/filtered-statement'
import { sql } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import { Day } from '../../record/contract.ts'

export interface AdoptionQuery {
  readonly client_id: string | undefined
  readonly feature: string | undefined
  /** The first and last day of the period and its number of days. */
  readonly start: string
  readonly end: string
  readonly days: number
  readonly threshold: number
}

const PERIOD = { start: Day, end: Day, days: z.int(), threshold: z.number() }
const BY_FEATURE = { feature: { where: sql`feature = :feature`, is: z.string() } }

/** A statement over customers' feature use, in two variants: for one customer and for all of the tenant. */
function usageQuery<R extends z.ZodObject>(name: string, row: R, text: (used: Sql, which: Sql) => Sql) {
  const select = <P extends z.ZodRawShape>(which: Sql, params: P) =>
    filteredStatement(name, { filters: BY_FEATURE, params: { ...PERIOD, ...params }, row }, (conditions) =>
      text(used(which, conditions), which),
    )
  const one = select(sql`client_id = :client_id`, { client_id: z.string() })
  const all = select(sql`true`, {})
  return async (ctx: Ctx, { client_id, ...query }: AdoptionQuery) =>
    client_id === undefined ? all(ctx, query) : one(ctx, { ...query, client_id })
}

/** The features used by each active customer, on how many of its active days, and whether it is an adopter. */
const used = (which: Sql, conditions: Sql) => sql`active as (
  select client_id, count(*) as days from customers.usage_daily
  where tenant_id = :tenant_id and ${which} and day between :start::date and :end::date and events > 0 group by client_id),
used as (
  select client_id, feature, sum(events) filter (where day >= :start::date)::bigint as events,
    coalesce(sum(events) filter (where day < :start::date), 0)::bigint as events_before,
    count(*) filter (where day >= :start::date) as days, bool_and(day >= :start::date) as is_new
  from customers.usage_daily_features
  where tenant_id = :tenant_id and ${which} and ${conditions} and day >= :start::date - :days::int and day <= :end::date
  group by client_id, feature),
judged as (
  select u.*, least(1, u.days::float8 / a.days) as share, u.days::float8 / a.days >= :threshold::float8 as adopted
  from used u join active a on a.client_id = u.client_id where u.days > 0)`

const FeatureRow = z.strictObject({
  feature: z.string(),
  customers: z.int(),
  adopted: z.int(),
  events: z.int(),
  events_before: z.int(),
  stickiness: z.number(),
  new_customers: z.int(),
  adopters_health: z.number().nullable(),
  others_health: z.number().nullable(),
})
export type FeatureRow = z.output<typeof FeatureRow>

/** Features used in the period, by decreasing number of customers. */
export const featureAdoption = usageQuery(
  'customers.feature-adoption',
  FeatureRow,
  (use, which) => sql`with ${use},
    scores as (select client_id, health_score from customers.customers where tenant_id = :tenant_id and ${which}),
    overall as (select sum(s.health_score) as total, count(s.health_score) as n from active a join scores s on s.client_id = a.client_id)
    select j.feature, count(*) as customers, count(*) filter (where adopted) as adopted, sum(events)::bigint as events,
      sum(events_before)::bigint as events_before, avg(share) as stickiness, count(*) filter (where is_new) as new_customers,
      avg(s.health_score) filter (where adopted) as adopters_health,
      (max(o.total) - coalesce(sum(s.health_score) filter (where adopted), 0)) / nullif(max(o.n) - count(s.health_score) filter (where adopted), 0) as others_health
    from judged j join scores s on s.client_id = j.client_id cross join overall o
    group by j.feature order by customers desc, events desc, j.feature`,
)

const AdoptionGroup = z.strictObject({
  kind: z.enum(['tier', 'lifecycle']),
  name: z.string(),
  customers: z.int(),
  adopted_share: z.number(),
})
export type AdoptionGroup = z.output<typeof AdoptionGroup>

/** The share of known features that customers have adopted, averaged by tier and by stage. */
export const adoptionGroups = usageQuery(
  'customers.feature-adoption-groups',
  AdoptionGroup,
  (use) => sql`with ${use},
    known as (select greatest(count(distinct feature), 1) as n from judged),
    each as (
      select c.tier, c.lifecycle_stage, count(j.feature) filter (where j.adopted)::float8 / max(k.n) as share
      from active a join customers.customers c on c.tenant_id = :tenant_id and c.client_id = a.client_id
      cross join known k left join judged j on j.client_id = a.client_id group by a.client_id, c.tier, c.lifecycle_stage)
    select 'tier' as kind, tier as name, count(*) as customers, avg(share) as adopted_share from each group by tier
    union all select 'lifecycle', lifecycle_stage, count(*), avg(share) from each group by lifecycle_stage
    order by kind desc, name`,
)
