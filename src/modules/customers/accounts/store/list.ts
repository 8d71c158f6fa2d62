import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { RISK_INDICATORS } from '../../risk/risk-indicators.ts'
import type { ListClientsInput } from '../contract.ts'
import type { CustomerRow } from '../../record/store/customers.ts'

export interface ListedRow
  extends Pick<
    CustomerRow,
    | 'client_id'
    | 'client_name'
    | 'tier'
    | 'lifecycle_stage'
    | 'health_score'
    | 'health_trend'
    | 'churn_probability'
    | 'contract_value_cents'
    | 'currency'
    | 'renewal_date'
    | 'csm_assigned'
  > {
  readonly active_users: number | null
  readonly support_tickets_open: number
  readonly risk_name: string | null
  readonly risk_current: number | null
  readonly risk_threshold: number | null
}

const MATCHES = `tenant_id = $1 and ($2::text is null or tier = $2) and ($3::text is null or lifecycle_stage = $3)
  and ($4::float8 is null or health_score >= $4) and ($5::float8 is null or health_score <= $5)`

/** Every order ends with the id, so that pages neither repeat nor miss a customer. */
const ORDERS: Readonly<Record<ListClientsInput['sort_by'], string>> = {
  churn_risk: 'churn_probability desc nulls last, health_score nulls last, client_id',
  renewal: 'renewal_date nulls last, client_id',
  value: 'contract_value_cents desc, client_id',
  client_id: 'client_id',
}

const INDICATOR_ORDER = `array[${Object.keys(RISK_INDICATORS)
  .map((name) => `'${name}'`)
  .join(', ')}]`

/** The most severe open risk indicator of the customer `c`; a low score last, because it is no reason of its own. */
export const TOP_RISK = `select indicator_name as risk_name, current_value as risk_current, threshold_value as risk_threshold
  from customers.risk_indicators i where i.tenant_id = $1 and i.client_id = c.client_id and i.resolved_at is null
  order by indicator_name = 'health_low', array_position(array['critical', 'high', 'medium', 'low'], severity),
    array_position(${INDICATOR_ORDER}, indicator_name::text) limit 1`

/** The page first, and only then what each of its rows needs. */
const pageBy = (order: keyof typeof ORDERS) =>
  statement<ListedRow>(
    `customers.list-by-${order.replace('_', '-')}`,
    `with c as (
       select * from customers.customers
       where ${MATCHES} order by ${ORDERS[order]} limit $6 offset $7)
     select c.client_id, c.client_name, c.tier, c.lifecycle_stage, c.health_score, c.health_trend, c.churn_probability,
       c.contract_value_cents, c.currency, c.renewal_date, c.csm_assigned,
       (select active_users_peak from customers.usage_windows w
        where w.tenant_id = $1 and w.client_id = c.client_id and w.days = 30) as active_users,
       (select count(*) from customers.tickets t where t.tenant_id = $1 and t.client_id = c.client_id
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

export interface ListSummary {
  readonly total: number
  readonly average_score: number | null
  readonly without_score: number
  readonly active_users: number
  readonly arr_cents: Readonly<Record<string, number>> | null
  readonly stages: Readonly<Record<string, number>> | null
}

const summarise = statement<ListSummary>(
  'customers.summarise-list',
  `with m as (select client_id, health_score, lifecycle_stage, currency, contract_value_cents from customers.customers where ${MATCHES})
   select count(*) as total, avg(health_score) as average_score, count(*) - count(health_score) as without_score,
     coalesce((select sum(active_users_peak) from customers.usage_windows w
       where w.tenant_id = $1 and w.days = 30 and w.client_id in (select client_id from m)), 0)::bigint as active_users,
     (select json_object_agg(currency, cents order by currency) from (
       select currency, sum(contract_value_cents) as cents from m group by currency) a) as arr_cents,
     (select json_object_agg(lifecycle_stage, n order by lifecycle_stage) from (
       select lifecycle_stage, count(*) as n from m group by lifecycle_stage) s) as stages
   from m`,
)

const filters = (ctx: Ctx, input: ListClientsInput) => [
  ctx.tenantId,
  input.tier_filter ?? null,
  input.lifecycle_stage_filter ?? null,
  input.health_score_min ?? null,
  input.health_score_max ?? null,
]

export async function listPage(ctx: Ctx, input: ListClientsInput): Promise<ListedRow[]> {
  return pages[input.sort_by](ctx.db, [...filters(ctx, input), input.limit, input.offset])
}

/** Over everything that matches, not over the page. */
export async function summariseList(ctx: Ctx, input: ListClientsInput): Promise<ListSummary> {
  const [summary] = await summarise(ctx.db, filters(ctx, input))
  if (summary === undefined) throw new Error('a count came back without a row')
  return summary
}
