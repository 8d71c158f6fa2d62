import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { filteredStatement, filteredWriting } from '#kernel/database/filtered-statement'
import { sql } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'
import { Day } from '../../record/contract.ts'
import type { Page } from '../../record/page.ts'
import type { CustomMilestone } from '../milestone-contract.ts'
import type { MilestoneDefinition } from '../milestone-definitions.ts'

const OF_CLIENT = { where: sql`client_id = :client_id`, is: z.string() }

const firstUses = (which: Sql) => sql`daily as (
  select client_id, day, events, active_users from customers.usage_daily
  where tenant_id = :tenant_id and ${which} and day <= :day::date and events > 0),
firsts as (
  select client_id, feature, min(day) as day from customers.usage_daily_features
  where tenant_id = :tenant_id and ${which} and day <= :day::date group by client_id, feature)`

const RECORD = sql`insert into customers.milestones (tenant_id, client_id, framework, milestone_id, milestone_name, achieved_at, recorded_at)
   select :tenant_id, r.client_id, :framework, r.milestone_id, n.name, r.day::timestamp at time zone 'UTC', :now::timestamptz
   from reached r join unnest(:ids::text[], :names::text[]) n (id, name) on n.id = r.milestone_id
   join customers.customers c on c.tenant_id = :tenant_id and c.client_id = r.client_id
   on conflict do nothing returning client_id, milestone_id, milestone_name`

const NewMilestone = z.strictObject({ client_id: z.string(), milestone_id: z.string(), milestone_name: z.string() })
export type NewMilestone = z.output<typeof NewMilestone>

const RecordParams = {
  day: Day,
  framework: z.string(),
  now: z.date(),
  ids: z.array(z.string()),
  names: z.array(z.string()),
}

const recordStandard = filteredWriting(
  'customers.record-milestones',
  { filters: { client_id: OF_CLIENT }, params: RecordParams, row: NewMilestone },
  (which) => sql`with ${firstUses(which)},
   core as (select feature from customers.usage_daily_features where tenant_id = :tenant_id and day <= :day::date
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
       where tenant_id = :tenant_id and ${which} and percent >= 80 and responded_at <= :now::timestamptz group by client_id
     union all select client_id, 'champion_developed', min(created_at at time zone 'UTC')::date from customers.contacts
       where tenant_id = :tenant_id and ${which} and is_champion group by client_id)
   ${RECORD}`,
)

const recordCustom = filteredWriting(
  'customers.record-custom-milestones',
  {
    filters: { client_id: OF_CLIENT },
    params: { ...RecordParams, metrics: z.array(z.string()), targets: z.array(z.int()) },
    row: NewMilestone,
  },
  (which) => sql`with ${firstUses(which)},
   targets as (select * from unnest(:ids::text[], :metrics::text[], :targets::int[]) a (milestone_id, metric, target)),
   measured as (
     select client_id, 'active_days' as metric, day, row_number() over (partition by client_id order by day) as value from daily
     union all select client_id, 'events', day, sum(events) over (partition by client_id order by day) from daily
     union all select client_id, 'users', day, active_users from daily
     union all select client_id, 'features', day, row_number() over (partition by client_id order by day, feature) from firsts),
   reached as (select m.client_id, a.milestone_id, min(m.day) as day from measured m
     join targets a on a.metric = m.metric and m.value >= a.target group by m.client_id, a.milestone_id)
   ${RECORD}`,
)

export interface MilestoneQuery {
  readonly clientId: string | undefined
  readonly day: string
  readonly framework: string
  readonly definitions: readonly MilestoneDefinition[]
}

const idsOf = ({ definitions }: MilestoneQuery) => definitions.map(({ milestone_id }) => milestone_id)

/** Stores newly reached milestones; a reached milestone stays reached. */
export async function recordMilestones(
  ctx: WriteCtx,
  query: MilestoneQuery,
  custom: readonly CustomMilestone[] | undefined,
): Promise<NewMilestone[]> {
  const { clientId, day, framework, definitions } = query
  const values = {
    client_id: clientId,
    day,
    framework,
    now: ctx.clock(),
    ids: idsOf(query),
    names: definitions.map(({ name }) => name),
  }
  if (custom === undefined) return recordStandard(ctx, values)
  return recordCustom(ctx, {
    ...values,
    metrics: custom.map(({ metric }) => metric),
    targets: custom.map(({ target }) => target),
  })
}

const ProgressRow = z.strictObject({
  client_id: z.string(),
  contract_start_date: Day,
  total: z.int(),
  achieved: z.record(z.string(), z.string()).nullable(),
  last_day: Day.nullable(),
})
export type ProgressRow = z.output<typeof ProgressRow>

const progress = filteredStatement(
  'customers.milestone-progress',
  {
    filters: { client_id: OF_CLIENT, not_churned: { where: sql`status <> 'churned'`, is: z.literal(true) } },
    params: { framework: z.string(), ids: z.array(z.string()), limit: z.int(), offset: z.int() },
    row: ProgressRow,
  },
  (conditions) => sql`with selected as (
      select client_id, contract_start_date from customers.customers where tenant_id = :tenant_id and ${conditions})
    select c.client_id, c.contract_start_date, count(*) over () as total, m.achieved, m.last_day
    from selected c
    left join (select client_id, json_object_agg(milestone_id, (achieved_at at time zone 'UTC')::date order by achieved_at, milestone_id) as achieved,
        count(*) as n, max(achieved_at at time zone 'UTC')::date as last_day
      from customers.milestones where tenant_id = :tenant_id and framework = :framework and milestone_id = any (:ids::text[])
        and client_id in (select client_id from selected) group by client_id) m on m.client_id = c.client_id
    order by coalesce(m.n, 0), c.client_id limit :limit offset :offset`,
)

/** Milestone progress of customers, those with the fewest first; churned ones only if named. */
export async function milestoneProgress(ctx: Ctx, query: MilestoneQuery, page: Page): Promise<ProgressRow[]> {
  const { clientId, framework } = query
  const which = clientId === undefined ? { not_churned: true as const } : { client_id: clientId }
  return progress(ctx, { ...which, framework, ids: idsOf(query), limit: page.limit, offset: page.offset })
}

const CompletionRow = z.strictObject({
  milestone_id: z.string(),
  completed: z.int(),
  customers: z.int(),
  median_days: z.number().nullable(),
  /** The average health score of customers that reached the milestone, and of those that did not. */
  health_reached: z.number().nullable(),
  health_others: z.number().nullable(),
})
export type CompletionRow = z.output<typeof CompletionRow>

const SAME_INDUSTRY = sql`industry = (
  select industry from customers.customers where tenant_id = :tenant_id and client_id = :like_client_id)`

const completion = filteredStatement(
  'customers.milestone-completion',
  {
    filters: { like_client_id: { where: SAME_INDUSTRY, is: z.string() } },
    params: { framework: z.string(), ids: z.array(z.string()) },
    row: CompletionRow,
  },
  (conditions) => sql`with peers as (
      select client_id, contract_start_date, health_score from customers.customers
      where tenant_id = :tenant_id and status <> 'churned' and ${conditions})
    select a.milestone_id, count(m.client_id) as completed, (select count(*) from peers) as customers,
      percentile_cont(0.5) within group (order by greatest(0, (m.achieved_at at time zone 'UTC')::date - p.contract_start_date)::float8)
        filter (where m.client_id is not null) as median_days,
      avg(p.health_score) filter (where m.client_id is not null) as health_reached,
      avg(p.health_score) filter (where m.client_id is null) as health_others
    from unnest(:ids::text[]) with ordinality a (milestone_id, place)
    left join peers p on true
    left join customers.milestones m on m.client_id = p.client_id and m.tenant_id = :tenant_id and m.framework = :framework and m.milestone_id = a.milestone_id
    group by a.milestone_id, a.place order by a.place`,
)

/**
 * Per milestone, the number of customers that reached it and the days it took; with `likeClientId` only of that
 * customer's industry.
 */
export async function milestoneCompletion(
  ctx: Ctx,
  query: MilestoneQuery,
  likeClientId: string | undefined,
): Promise<CompletionRow[]> {
  return completion(ctx, { like_client_id: likeClientId, framework: query.framework, ids: idsOf(query) })
}
