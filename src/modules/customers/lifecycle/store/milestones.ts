import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import type { Page } from '../../record/page.ts'
import type { CustomMilestone } from '../milestone-contract.ts'
import type { MilestoneDefinition } from '../milestone-definitions.ts'

const FIRST_USES = `daily as (
  select client_id, day, events, active_users from customers.usage_daily
  where tenant_id = $1 and ($2::text is null or client_id = $2) and day <= $3::date and events > 0),
firsts as (
  select client_id, feature, min(day) as day from customers.usage_daily_features
  where tenant_id = $1 and ($2::text is null or client_id = $2) and day <= $3::date group by client_id, feature)`

const RECORD = `insert into customers.milestones (tenant_id, client_id, framework, milestone_id, milestone_name, achieved_at, recorded_at)
   select $1, r.client_id, $4, r.milestone_id, n.name, r.day::timestamp at time zone 'UTC', $5::timestamptz
   from reached r join unnest($6::text[], $7::text[]) n (id, name) on n.id = r.milestone_id
   join customers.customers c on c.tenant_id = $1 and c.client_id = r.client_id
   on conflict do nothing returning client_id, milestone_id, milestone_name`

export interface NewMilestone {
  readonly client_id: string
  readonly milestone_id: string
  readonly milestone_name: string
}

const recordStandard = statement<NewMilestone>(
  'customers.record-milestones',
  `with ${FIRST_USES},
   core as (select feature from customers.usage_daily_features where tenant_id = $1 and day <= $3::date
     group by feature order by count(distinct client_id) desc, feature limit 10),
   nth as (select client_id, day, row_number() over (partition by client_id order by day) as place from daily),
   core_nth as (select f.client_id, f.day, row_number() over (partition by f.client_id order by f.day, f.feature) as place
     from firsts f join core on core.feature = f.feature),
   reached as (
     select client_id, 'account_activated' as milestone_id, day from nth where place = 1
     union all select client_id, 'first_value', day from nth where place = 3
     union all select client_id, 'team_onboarded', min(day) from daily where active_users >= 5 group by client_id
     union all select client_id, 'core_features', day from core_nth where place = (select ceil(0.7 * count(*)) from core)
     union all select client_id, 'integration_connected', min(day) from firsts where feature ~* '(integration|webhook|\\mapi)' group by client_id
     union all select client_id, 'advanced_features', min(day) from firsts f
       where not exists (select 1 from core where core.feature = f.feature) group by client_id
     union all select client_id, 'business_impact', min(responded_at at time zone 'UTC')::date from customers.survey_answers
       where tenant_id = $1 and ($2::text is null or client_id = $2) and percent >= 80 and responded_at <= $5::timestamptz group by client_id
     union all select client_id, 'champion_developed', min(created_at at time zone 'UTC')::date from customers.contacts
       where tenant_id = $1 and ($2::text is null or client_id = $2) and is_champion group by client_id)
   ${RECORD}`,
)

const recordCustom = statement<NewMilestone>(
  'customers.record-custom-milestones',
  `with ${FIRST_USES},
   asked as (select * from unnest($6::text[], $8::text[], $9::int[]) a (milestone_id, metric, target)),
   measured as (
     select client_id, 'active_days' as metric, day, row_number() over (partition by client_id order by day) as value from daily
     union all select client_id, 'events', day, sum(events) over (partition by client_id order by day) from daily
     union all select client_id, 'users', day, active_users from daily
     union all select client_id, 'features', day, row_number() over (partition by client_id order by day, feature) from firsts),
   reached as (select m.client_id, a.milestone_id, min(m.day) as day from measured m
     join asked a on a.metric = m.metric and m.value >= a.target group by m.client_id, a.milestone_id)
   ${RECORD}`,
)

export interface MilestoneQuery {
  readonly clientId: string | undefined
  readonly day: string
  readonly framework: string
  readonly definitions: readonly MilestoneDefinition[]
}

/** Keeps what was newly reached; a milestone once reached stays. */
export async function recordMilestones(
  ctx: Ctx,
  query: MilestoneQuery,
  custom: readonly CustomMilestone[] | undefined,
): Promise<NewMilestone[]> {
  const base = [
    ctx.tenantId,
    query.clientId ?? null,
    query.day,
    query.framework,
    ctx.clock(),
    query.definitions.map(({ milestone_id }) => milestone_id),
    query.definitions.map(({ name }) => name),
  ]
  if (custom === undefined) return recordStandard(ctx.db, base)
  return recordCustom(ctx.db, [...base, custom.map(({ metric }) => metric), custom.map(({ target }) => target)])
}

export interface ProgressRow {
  readonly client_id: string
  readonly contract_start_date: string
  readonly total: number
  readonly achieved: Readonly<Record<string, string>> | null
  readonly last_day: string | null
}

const progress = statement<ProgressRow>(
  'customers.milestone-progress',
  `select c.client_id, c.contract_start_date, count(*) over () as total, m.achieved, m.last_day
   from customers.customers c
   left join (select client_id, json_object_agg(milestone_id, (achieved_at at time zone 'UTC')::date order by achieved_at, milestone_id) as achieved,
       count(*) as n, max(achieved_at at time zone 'UTC')::date as last_day
     from customers.milestones where tenant_id = $1 and framework = $3 and milestone_id = any ($4::text[]) group by client_id) m on m.client_id = c.client_id
   where c.tenant_id = $1 and ($2::text is null or c.client_id = $2) and ($2::text is not null or c.status <> 'churned')
   order by coalesce(m.n, 0), c.client_id limit $5 offset $6`,
)

/** Customers with the fewest milestones first. */
export async function milestoneProgress(ctx: Ctx, query: MilestoneQuery, page: Page): Promise<ProgressRow[]> {
  const ids = query.definitions.map(({ milestone_id }) => milestone_id)
  return progress(ctx.db, [ctx.tenantId, query.clientId ?? null, query.framework, ids, page.limit, page.offset])
}

export interface CompletionRow {
  readonly milestone_id: string
  readonly completed: number
  readonly customers: number
  readonly median_days: number | null
  /** Average health of those that reached it, and of those that did not. */
  readonly health_reached: number | null
  readonly health_others: number | null
}

const completion = statement<CompletionRow>(
  'customers.milestone-completion',
  `with peers as (select client_id, contract_start_date, health_score from customers.customers where tenant_id = $1 and status <> 'churned'
     and ($4::text is null or industry = (select industry from customers.customers where tenant_id = $1 and client_id = $4)))
   select a.milestone_id, count(m.client_id) as completed, (select count(*) from peers) as customers,
     percentile_cont(0.5) within group (order by greatest(0, (m.achieved_at at time zone 'UTC')::date - p.contract_start_date)::float8)
       filter (where m.client_id is not null) as median_days,
     avg(p.health_score) filter (where m.client_id is not null) as health_reached,
     avg(p.health_score) filter (where m.client_id is null) as health_others
   from unnest($3::text[]) with ordinality a (milestone_id, place)
   left join peers p on true
   left join customers.milestones m on m.client_id = p.client_id and m.tenant_id = $1 and m.framework = $2 and m.milestone_id = a.milestone_id
   group by a.milestone_id, a.place order by a.place`,
)

/** How many customers reached each milestone, and after how many days; of one industry only for `likeClientId`. */
export async function milestoneCompletion(
  ctx: Ctx,
  query: MilestoneQuery,
  likeClientId: string | undefined,
): Promise<CompletionRow[]> {
  const ids = query.definitions.map(({ milestone_id }) => milestone_id)
  return completion(ctx.db, [ctx.tenantId, query.framework, ids, likeClientId ?? null])
}
