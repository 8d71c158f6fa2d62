import { sql, sqlJoin, sqlName, sqlText } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import { CHURN_BASE, CHURN_MODEL } from '../../risk/churn-model.ts'
import type { IndicatorName } from '../../risk/risk-indicators.ts'
import type { Component } from '../health-weights.ts'
import {
  AS_OF,
  AT_RISK_BELOW,
  CHURN_HIGH,
  CHURN_LOW,
  CHURN_MEDIUM,
  CRITICAL_BELOW,
  DAY,
  HEALTHY_FROM,
  LOOKBACK,
  MODEL,
  TICKET_RISE,
  USAGE_DROP,
  scoredCustomers,
} from './score-sql.ts'
import type { Range } from './score-sql.ts'

/**
 * The statement that scores customers and stores the results: history, current score and trend, opened and resolved
 * risk indicators, churn predictions, and a timeline entry for each customer that crossed the at-risk threshold. All
 * parts see the same snapshot. `final` selects the result from `ranked` and `raised`. With `standard` false (a what-if:
 * custom weights or another look-back) only that model's history is stored.
 */
export function recomputation(range: Range, standard: boolean, final: Sql): Sql {
  const parts = [scoredCustomers(range), rankedCustomers(), raisedIndicators(), keptHistory()]
  if (standard) parts.push(currentState(range))
  return sql`with ${sqlJoin(parts, ',\n')}
${final}`
}

/**
 * Adds a comparison score and the trend (±3 points). The comparison is four weeks old, because scores of neighbouring
 * weeks share most of their 30 days of data; if there is none, it is the oldest that is at least a week old. Without
 * one the trend is null.
 */
function rankedCustomers(): Sql {
  return sql`ranked as materialized (
  select s.*, h.overall_score as score_before, h.day as score_before_on,
    case when s.overall_score >= h.overall_score + 3 then 'improving' when s.overall_score <= h.overall_score - 3 then 'declining'
      when s.overall_score is not null and h.overall_score is not null then 'stable' end as trend,
    case when s.churn_probability >= ${CHURN_HIGH} then 'high' when s.churn_probability >= ${CHURN_MEDIUM} then 'medium'
      when s.churn_probability >= ${CHURN_LOW} then 'low' when s.churn_probability is not null then 'negligible' end as churn_level
  from scored s left join lateral (
    (select overall_score, day from customers.health_scores h
     where h.tenant_id = :tenant_id and h.client_id = s.client_id and h.scoring_model = ${MODEL} and h.day <= ${DAY} - 28
     order by day desc limit 1)
    union all
    (select overall_score, day from customers.health_scores h
     where h.tenant_id = :tenant_id and h.client_id = s.client_id and h.scoring_model = ${MODEL} and h.day > ${DAY} - 28 and h.day <= ${DAY} - 7
     order by day limit 1)
    limit 1) h on true)`
}

/** The condition, severity and figures of each risk indicator. Their texts are in `../risk-indicators.ts`. */
const INDICATORS: Readonly<
  Record<IndicatorName, { category: string; severity: Sql; current: Sql; threshold: Sql; when: Sql }>
> = {
  health_low: {
    category: 'health',
    severity: sql`case when overall_score < ${CRITICAL_BELOW} then 'critical' else 'high' end`,
    current: sql`overall_score`,
    threshold: AT_RISK_BELOW,
    when: sql`overall_score < ${AT_RISK_BELOW}`,
  },
  usage_stopped: {
    category: 'usage',
    severity: sql`'critical'`,
    current: sql`(${DAY} - last_used_on)::float8`,
    threshold: sql`${LOOKBACK}::float8`,
    when: sql`last_used_on is not null and active_days = 0`,
  },
  usage_decline: {
    category: 'usage',
    severity: sql`case when usage_drop >= 0.6 then 'high' else 'medium' end`,
    current: sql`usage_drop`,
    threshold: USAGE_DROP,
    when: sql`active_days > 0 and usage_drop >= ${USAGE_DROP}`,
  },
  payment_overdue: {
    category: 'payment',
    severity: sql`case when overdue_days > 30 then 'critical' else 'high' end`,
    current: sql`overdue_days::float8`,
    threshold: sql`0::float8`,
    when: sql`overdue_days > 0`,
  },
  renewal_near: {
    category: 'renewal',
    severity: sql`case when overall_score >= ${HEALTHY_FROM} then 'low' when days_until_renewal <= 30 then 'high' else 'medium' end`,
    current: sql`days_until_renewal::float8`,
    threshold: sql`90::float8`,
    when: sql`days_until_renewal between 0 and 90 and not auto_renew`,
  },
  tickets_rising: {
    category: 'support',
    severity: sql`'medium'`,
    current: sql`ticket_rise`,
    threshold: TICKET_RISE,
    when: sql`tickets >= 2 and ticket_rise > ${TICKET_RISE}`,
  },
  urgent_tickets_open: {
    category: 'support',
    severity: sql`'high'`,
    current: sql`urgent_tickets::float8`,
    threshold: sql`1::float8`,
    when: sql`urgent_tickets > 0`,
  },
  satisfaction_low: {
    category: 'satisfaction',
    severity: sql`case when satisfaction_score < 25 then 'high' else 'medium' end`,
    current: sql`satisfaction_score`,
    threshold: sql`50::float8`,
    when: sql`satisfaction_score < 50`,
  },
  contact_lost: {
    category: 'engagement',
    severity: sql`case when silent_days > 60 then 'medium' else 'low' end`,
    current: sql`floor(silent_days)`,
    threshold: sql`30::float8`,
    when: sql`silent_days > 30`,
  },
}

/** One query per indicator: a lateral list of values would be evaluated anew for each customer. */
function raisedIndicators(): Sql {
  const selects = Object.entries(INDICATORS).map(
    ([name, { category, severity, current, threshold, when }]) =>
      sql`select client_id, ${sqlText(name)} as indicator_name, ${sqlText(category)} as category, ${severity} as severity,
    ${current} as current_value, ${threshold} as threshold_value from ranked where ${when}`,
  )
  return sql`raised as (
  ${sqlJoin(selects, '\n  union all ')})`
}

/** The effective weight of a component after the missing components' weights are redistributed. */
const usedWeight = (component: Component) =>
  sql`(:${sqlName(`weight_${component}`)} * (r.${sqlName(`${component}_score`)} is not null)::int / r.weight_known)`

/** Unchanged rows are filtered out before the insert: a conflict costs ten times as much as a comparison. */
function keptHistory(): Sql {
  return sql`kept as (
  insert into customers.health_scores (tenant_id, client_id, scoring_model, day, as_of, lookback_days, overall_score,
    usage_score, engagement_score, support_score, satisfaction_score, payment_score,
    weight_usage, weight_engagement, weight_support, weight_satisfaction, weight_payment, missing)
  select :tenant_id, client_id, ${MODEL}, ${DAY}, ${AS_OF}, ${LOOKBACK}, overall_score,
    usage_score, engagement_score, support_score, satisfaction_score, payment_score,
    ${usedWeight('usage')}, ${usedWeight('engagement')}, ${usedWeight('support')}, ${usedWeight('satisfaction')},
    ${usedWeight('payment')},
    array_remove(array[case when usage_score is null then 'usage' end, case when engagement_score is null then 'engagement' end,
      case when support_score is null then 'support' end, case when satisfaction_score is null then 'satisfaction' end,
      case when payment_score is null then 'payment' end], null)
  from ranked r where overall_score is not null and not exists (
    select 1 from customers.health_scores x
    where x.tenant_id = :tenant_id and x.scoring_model = ${MODEL} and x.day = ${DAY} and x.client_id = r.client_id
      and (x.overall_score, x.lookback_days, x.usage_score, x.engagement_score, x.support_score, x.satisfaction_score, x.payment_score)
        is not distinct from (r.overall_score::real, ${LOOKBACK}, r.usage_score::real, r.engagement_score::real,
          r.support_score::real, r.satisfaction_score::real, r.payment_score::real)
      and (x.weight_usage, x.weight_engagement, x.weight_support, x.weight_satisfaction, x.weight_payment)
        is not distinct from (${usedWeight('usage')}::real, ${usedWeight('engagement')}::real, ${usedWeight('support')}::real,
          ${usedWeight('satisfaction')}::real, ${usedWeight('payment')}::real))
  on conflict (tenant_id, client_id, scoring_model, day) do update set as_of = excluded.as_of,
    lookback_days = excluded.lookback_days, overall_score = excluded.overall_score, usage_score = excluded.usage_score,
    engagement_score = excluded.engagement_score, support_score = excluded.support_score,
    satisfaction_score = excluded.satisfaction_score, payment_score = excluded.payment_score,
    weight_usage = excluded.weight_usage, weight_engagement = excluded.weight_engagement,
    weight_support = excluded.weight_support, weight_satisfaction = excluded.weight_satisfaction,
    weight_payment = excluded.weight_payment, missing = excluded.missing)`
}

function currentState(range: Range): Sql {
  return sql`current as (
  update customers.customers c set health_score = r.overall_score, health_trend = r.trend, health_as_of = ${AS_OF},
    churn_probability = r.churn_probability
  from ranked r where c.tenant_id = :tenant_id and c.client_id = r.client_id
    and (c.health_score is distinct from r.overall_score or c.health_trend is distinct from r.trend
      or c.churn_probability is distinct from r.churn_probability)),
opened as (
  insert into customers.risk_indicators (tenant_id, client_id, indicator_name, category, severity, current_value,
    threshold_value, detected_at, updated_at)
  select :tenant_id, client_id, indicator_name, category, severity, current_value, threshold_value, ${AS_OF}, ${AS_OF} from raised r
  where not exists (
    select 1 from customers.risk_indicators x
    where x.tenant_id = :tenant_id and x.client_id = r.client_id and x.indicator_name = r.indicator_name and x.resolved_at is null
      and x.severity = r.severity and x.current_value = r.current_value and x.threshold_value = r.threshold_value)
  on conflict (tenant_id, client_id, indicator_name) where resolved_at is null do update set
    severity = excluded.severity, current_value = excluded.current_value, threshold_value = excluded.threshold_value,
    updated_at = excluded.updated_at),
resolved as (
  update customers.risk_indicators i set resolved_at = ${AS_OF}, updated_at = ${AS_OF}
  from ranked r where i.tenant_id = :tenant_id and i.client_id = r.client_id and i.resolved_at is null
    and not exists (select 1 from raised x where x.client_id = i.client_id and x.indicator_name = i.indicator_name)),
predicted as (
  insert into customers.churn_predictions as p (tenant_id, client_id, model_name, day, as_of, model_version, model_kind,
    churn_probability, churn_risk_level, contributing_factors, predicted_churn_date)
  select :tenant_id, client_id, ${sqlText(CHURN_MODEL.name)}, ${DAY}, ${AS_OF}, ${sqlText(CHURN_MODEL.version)}, ${sqlText(CHURN_MODEL.kind)}, churn_probability,
    churn_level,
    jsonb_strip_nulls(jsonb_build_object('base', ${CHURN_BASE}, 'health', nullif(points_health, 0), 'usage_decline', nullif(points_usage, 0),
      'usage_stopped', nullif(points_idle, 0), 'renewal_near', nullif(points_renewal, 0),
      'payment_overdue', nullif(points_payment, 0), 'tickets_rising', nullif(points_tickets, 0),
      'contact_lost', nullif(points_silence, 0), 'satisfaction_low', nullif(points_satisfaction, 0))),
    case when churn_probability >= ${CHURN_MEDIUM} and renewal_date >= ${DAY} then renewal_date end
  from ranked where ${range === 'one' ? sql`churn_probability is not null` : sql`churn_probability >= ${CHURN_MEDIUM}`}
  on conflict (tenant_id, client_id, model_name, day) do update set as_of = excluded.as_of,
    churn_probability = excluded.churn_probability, churn_risk_level = excluded.churn_risk_level,
    contributing_factors = excluded.contributing_factors, predicted_churn_date = excluded.predicted_churn_date
  where (p.churn_probability, p.contributing_factors) is distinct from (excluded.churn_probability, excluded.contributing_factors)),
crossed as (
  insert into customers.timeline_events (tenant_id, client_id, occurred_at, event_id, event_type, category, title, impact, severity, metadata)
  select :tenant_id, client_id, ${AS_OF}, 'evt_' || replace(gen_random_uuid()::text, '-', ''), 'health', 'health_score',
    case when overall_score < ${AT_RISK_BELOW} then 'Health fell below ' else 'Health recovered to ' end || ${AT_RISK_BELOW},
    case when overall_score < ${AT_RISK_BELOW} then 'negative' else 'positive' end,
    case when overall_score < ${CRITICAL_BELOW} then 'critical' when overall_score < ${AT_RISK_BELOW} then 'high' else 'info' end,
    jsonb_build_object('from', stored_score, 'to', overall_score)
  from ranked where (stored_score < ${AT_RISK_BELOW}) <> (overall_score < ${AT_RISK_BELOW}))`
}
