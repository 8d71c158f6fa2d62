import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

export interface AdoptionQuery {
  readonly clientId: string | undefined
  readonly feature: string | undefined
  /** The first and the last day, and how many they are. */
  readonly start: string
  readonly end: string
  readonly days: number
  readonly threshold: number
}

/** What each active customer used, on how many of its active days, and whether that makes it an adopter. */
const USED = `active as (
  select client_id, count(*) as days from customers.usage_daily
  where tenant_id = $1 and ($2::text is null or client_id = $2) and day between $4::date and $5::date and events > 0 group by client_id),
used as (
  select f.client_id, f.feature, sum(f.events) filter (where f.day >= $4::date)::bigint as events,
    coalesce(sum(f.events) filter (where f.day < $4::date), 0)::bigint as events_before,
    count(*) filter (where f.day >= $4::date) as days, bool_and(f.day >= $4::date) as is_new
  from customers.usage_daily_features f
  where f.tenant_id = $1 and ($2::text is null or f.client_id = $2) and ($3::text is null or f.feature = $3)
    and f.day >= $4::date - $6::int and f.day <= $5::date
  group by f.client_id, f.feature),
judged as (
  select u.*, least(1, u.days::float8 / a.days) as share, u.days::float8 / a.days >= $7::float8 as adopted
  from used u join active a on a.client_id = u.client_id where u.days > 0)`

export interface FeatureRow {
  readonly feature: string
  readonly customers: number
  readonly adopted: number
  readonly events: number
  readonly events_before: number
  readonly stickiness: number
  readonly new_customers: number
  readonly adopters_health: number | null
  readonly others_health: number | null
}

const features = statement<FeatureRow>(
  'customers.feature-adoption',
  `with ${USED},
   scores as (select client_id, health_score from customers.customers where tenant_id = $1),
   overall as (select sum(s.health_score) as total, count(s.health_score) as n from active a join scores s on s.client_id = a.client_id)
   select j.feature, count(*) as customers, count(*) filter (where adopted) as adopted, sum(events)::bigint as events,
     sum(events_before)::bigint as events_before, avg(share) as stickiness, count(*) filter (where is_new) as new_customers,
     avg(s.health_score) filter (where adopted) as adopters_health,
     (max(o.total) - coalesce(sum(s.health_score) filter (where adopted), 0)) / nullif(max(o.n) - count(s.health_score) filter (where adopted), 0) as others_health
   from judged j join scores s on s.client_id = j.client_id cross join overall o
   group by j.feature order by customers desc, events desc, j.feature`,
)

export interface AdoptionGroup {
  readonly kind: 'tier' | 'lifecycle'
  readonly name: string
  readonly customers: number
  readonly adopted_share: number
}

/** The share of known features that a customer has adopted, averaged by tier and by stage. */
const groups = statement<AdoptionGroup>(
  'customers.feature-adoption-groups',
  `with ${USED},
   known as (select greatest(count(distinct feature), 1) as n from judged),
   each as (
     select c.tier, c.lifecycle_stage, count(j.feature) filter (where j.adopted)::float8 / max(k.n) as share
     from active a join customers.customers c on c.tenant_id = $1 and c.client_id = a.client_id
     cross join known k left join judged j on j.client_id = a.client_id group by a.client_id, c.tier, c.lifecycle_stage)
   select 'tier' as kind, tier as name, count(*) as customers, avg(share) as adopted_share from each group by tier
   union all select 'lifecycle', lifecycle_stage, count(*), avg(share) from each group by lifecycle_stage
   order by kind desc, name`,
)

const values = (ctx: Ctx, query: AdoptionQuery) => [
  ctx.tenantId,
  query.clientId ?? null,
  query.feature ?? null,
  query.start,
  query.end,
  query.days,
  query.threshold,
]

/** Features used in the period, those with most customers first. */
export async function featureAdoption(ctx: Ctx, query: AdoptionQuery): Promise<FeatureRow[]> {
  return features(ctx.db, values(ctx, query))
}

export async function adoptionGroups(ctx: Ctx, query: AdoptionQuery): Promise<AdoptionGroup[]> {
  return groups(ctx.db, values(ctx, query))
}
