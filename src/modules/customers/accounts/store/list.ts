import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { filteredStatement } from '#kernel/database/filtered-statement'
import { sql, sqlJoin, sqlText } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import { RISK_INDICATORS } from '../../risk/risk-indicators.ts'
import { Score, Stage, Tier } from '../../record/contract.ts'
import { CustomerRow } from '../../record/store/customers.ts'
import type { ListClientsInput } from '../contract.ts'

const ListedRow = CustomerRow.pick({
  client_id: true,
  client_name: true,
  tier: true,
  lifecycle_stage: true,
  health_score: true,
  health_trend: true,
  churn_probability: true,
  contract_value_cents: true,
  currency: true,
  renewal_date: true,
  csm_assigned: true,
}).extend({
  active_users: z.int().nullable(),
  support_tickets_open: z.int(),
  risk_name: z.string().nullable(),
  risk_current: z.number().nullable(),
  risk_threshold: z.number().nullable(),
})
export type ListedRow = z.output<typeof ListedRow>

/** The filters of the list. The statement contains only the given ones. */
const FILTERS = {
  tier_filter: { where: sql`tier = :tier_filter`, is: Tier },
  lifecycle_stage_filter: { where: sql`lifecycle_stage = :lifecycle_stage_filter`, is: Stage },
  health_score_min: { where: sql`health_score >= :health_score_min`, is: Score },
  health_score_max: { where: sql`health_score <= :health_score_max`, is: Score },
} as const

/** Sort orders. Each ends with the id, so that paging neither repeats nor skips a customer. */
const ORDERS: Readonly<Record<ListClientsInput['sort_by'], Sql>> = {
  churn_risk: sql`churn_probability desc nulls last, health_score nulls last, client_id`,
  renewal: sql`renewal_date nulls last, client_id`,
  value: sql`contract_value_cents desc, client_id`,
  client_id: sql`client_id`,
}

const INDICATOR_ORDER = sql`array[${sqlJoin(Object.keys(RISK_INDICATORS).map(sqlText))}]`

/**
 * The most severe open risk indicator of the customer `c`. A low score ranks last: it is a consequence of the other
 * indicators.
 */
export const TOP_RISK = sql`select indicator_name as risk_name, current_value as risk_current, threshold_value as risk_threshold
  from customers.risk_indicators i where i.tenant_id = :tenant_id and i.client_id = c.client_id and i.resolved_at is null
  order by indicator_name = 'health_low', array_position(array['critical', 'high', 'medium', 'low'], severity),
    array_position(${INDICATOR_ORDER}, indicator_name::text) limit 1`

/** The page is selected first; the details are then joined for its rows only. */
const pageBy = (order: keyof typeof ORDERS) =>
  filteredStatement(
    `customers.list-by-${order.replace('_', '-')}`,
    { filters: FILTERS, params: { limit: z.int(), offset: z.int() }, row: ListedRow },
    (conditions) => sql`with c as (
        select * from customers.customers where tenant_id = :tenant_id and ${conditions}
        order by ${ORDERS[order]} limit :limit offset :offset)
      select c.client_id, c.client_name, c.tier, c.lifecycle_stage, c.health_score, c.health_trend, c.churn_probability,
        c.contract_value_cents, c.currency, c.renewal_date, c.csm_assigned,
        (select active_users_peak from customers.usage_windows w
         where w.tenant_id = :tenant_id and w.client_id = c.client_id and w.days = 30) as active_users,
        (select count(*) from customers.tickets t where t.tenant_id = :tenant_id and t.client_id = c.client_id
         and t.status not in ('resolved', 'closed')) as support_tickets_open,
        r.risk_name, r.risk_current, r.risk_threshold
      from c left join lateral (${TOP_RISK}) r on true order by ${ORDERS[order]}`,
  )

const pages = {
  churn_risk: pageBy('churn_risk'),
  renewal: pageBy('renewal'),
  value: pageBy('value'),
  client_id: pageBy('client_id'),
}

const ListSummary = z.strictObject({
  total: z.int(),
  average_score: z.number().nullable(),
  without_score: z.int(),
  active_users: z.int(),
  arr_cents: z.record(z.string(), z.int()).nullable(),
  stages: z.record(z.string(), z.int()).nullable(),
})
export type ListSummary = z.output<typeof ListSummary>

const summarise = filteredStatement(
  'customers.summarise-list',
  { filters: FILTERS, params: {}, row: ListSummary },
  (conditions) => sql`with m as (
      select client_id, health_score, lifecycle_stage, currency, contract_value_cents from customers.customers
      where tenant_id = :tenant_id and ${conditions})
    select count(*) as total, avg(health_score) as average_score, count(*) - count(health_score) as without_score,
      coalesce((select sum(active_users_peak) from customers.usage_windows w
        where w.tenant_id = :tenant_id and w.days = 30 and w.client_id in (select client_id from m)), 0)::bigint as active_users,
      (select json_object_agg(currency, cents order by currency) from (
        select currency, sum(contract_value_cents) as cents from m group by currency) a) as arr_cents,
      (select json_object_agg(lifecycle_stage, n order by lifecycle_stage) from (
        select lifecycle_stage, count(*) as n from m group by lifecycle_stage) s) as stages
    from m`,
)

export async function listPage(ctx: Ctx, input: ListClientsInput): Promise<ListedRow[]> {
  return pages[input.sort_by](ctx, input)
}

/** Over everything that matches, not over the page. */
export async function summariseList(ctx: Ctx, input: ListClientsInput): Promise<ListSummary> {
  const [summary] = await summarise(ctx, input)
  if (summary === undefined) throw new Error('the count returned no row')
  return summary
}
