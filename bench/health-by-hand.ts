import type pg from 'pg'

/**
 * One hand-written statement that scores every customer and stores the scores, from the same rollups and tables and by
 * the same rules (`src/modules/customers/health/store/score-sql.ts`, with the default weights), without trend,
 * indicators, churn and audit.
 */
export const SCORE_AND_UPSERT = (target: string) => `
insert into ${target} (tenant_id, client_id, scoring_model, day, as_of, lookback_days, overall_score, usage_score,
  engagement_score, support_score, satisfaction_score, payment_score, weight_usage, weight_engagement, weight_support,
  weight_satisfaction, weight_payment)
select $1, client_id, 'by_hand', current_date, now(), 30, overall, usage, engagement, support, satisfaction, payment,
  0.35 * (usage is not null)::int / known, 0.25 * (engagement is not null)::int / known, 0.15 * (support is not null)::int / known,
  0.15 * (satisfaction is not null)::int / known, 0.10 * (payment is not null)::int / known
from (${scores()}) s
where overall is not null
on conflict (tenant_id, client_id, scoring_model, day) do update set as_of = excluded.as_of, overall_score = excluded.overall_score,
  usage_score = excluded.usage_score, engagement_score = excluded.engagement_score, support_score = excluded.support_score,
  satisfaction_score = excluded.satisfaction_score, payment_score = excluded.payment_score`

/** The same scoring without storing: the cost of reading and computing alone. */
export const SCORE_ONLY = `select count(overall) as scored, avg(overall) as mean from (${scores()}) s`

/** Creates the table of hand-written scores, with the columns, checks, key and foreign key of the real one. */
export async function makeScoreTarget(pool: pg.Pool): Promise<string> {
  await pool.query('create schema bench')
  await pool.query('create table bench.health_scores (like customers.health_scores including all)')
  await pool.query(
    'alter table bench.health_scores add foreign key (tenant_id, client_id) references customers.customers on delete cascade',
  )
  return 'bench.health_scores'
}

function scores(): string {
  return `
  select *, round(10 * (0.35::float8 * coalesce(usage, 0) + 0.25::float8 * coalesce(engagement, 0) + 0.15::float8 * coalesce(support, 0)
    + 0.15::float8 * coalesce(satisfaction, 0) + 0.1::float8 * coalesce(payment, 0)) / nullif(known, 0)) / 10 as overall
  from (select *, 0.35::float8 * (usage is not null)::int + 0.25::float8 * (engagement is not null)::int + 0.15::float8 * (support is not null)::int
      + 0.15::float8 * (satisfaction is not null)::int + 0.1::float8 * (payment is not null)::int as known
    from (select client_id,
        case when last_day is not null then round(1000 * (0.4 * frequency + 0.3 * coalesce(momentum, 0) + 0.3 * coalesce(breadth, 0))
          / (0.4 + case when momentum is null then 0 else 0.3 end + case when breadth is null then 0 else 0.3 end)) / 10 end as usage,
        round(10 * case when silent is null then null when silent <= 3 then 100 - 5 * silent when silent <= 7 then 85 - 2.5 * (silent - 3)
          when silent <= 14 then 75 - 15 * (silent - 7) / 7 when silent <= 30 then 60 - 15 * (silent - 14) / 16
          else greatest(0, 45 - 0.75 * (silent - 30)) end) / 10 as engagement,
        case when any_ticket then round(10 * (100::float8 - least(30, 3 * open) - least(20, 10 * urgent) - least(20, 10 * escalated)
          - case when opened >= 2 then 30 * least(1, greatest(0, (opened - opened_before)::float8 / greatest(opened_before, 1))) else 0 end)) / 10
          end as support,
        round(10 * percent) / 10 as satisfaction,
        case when billed or told then 100::float8 - case when overdue_days > 30 then 60 when overdue_days > 0 then 40 else 0 end
          - case when late or strained then 20 else 0 end
          - case when renewal_days between 0 and 30 and not auto_renew then 10 else 0 end end as payment
      from (${facts()}) f) c) k`
}

function facts(): string {
  return `
  select c.client_id, u.last_day,
    least(1, 1.4::float8 * coalesce(u.active_days, 0) / least(30, greatest(7, current_date - c.contract_start_date + 1))) as frequency,
    case when u.events_before > 0 then least(1, 0.8::float8 * u.events / u.events_before) end as momentum,
    case when c.seats > 0 and (coalesce(u.active_users_peak, 0) > 0 or coalesce(u.active_days, 0) = 0)
      then least(1, coalesce(u.active_users_peak, 0)::float8 / c.seats) end as breadth,
    extract(epoch from now() - greatest(c.last_engagement_at, p.last_at))::float8 / 86400 as silent,
    (select exists (select 1 from customers.tickets where tenant_id = $1)) as any_ticket,
    coalesce(t.open, 0) as open, coalesce(t.urgent, 0) as urgent, coalesce(t.escalated, 0) as escalated,
    coalesce(t.opened, 0) as opened, coalesce(t.opened_before, 0) as opened_before, a.percent,
    b.client_id is not null as billed, coalesce(k.told, false) as told, coalesce(k.strained, false) as strained,
    coalesce(b.overdue_days, case when k.overdue then 1 end, 0) as overdue_days, coalesce(b.late, false) as late,
    c.renewal_date - current_date as renewal_days, coalesce(k.auto_renew, false) as auto_renew
  from customers.customers c
  left join customers.usage_windows u on u.tenant_id = $1 and u.client_id = c.client_id and u.days = 30 and u.as_of = current_date
  left join (select client_id, max(last_contacted_at) as last_at from customers.contacts
    where tenant_id = $1 and last_contacted_at <= now() group by 1) p on p.client_id = c.client_id
  left join (select client_id, count(*) filter (where is_open) as open,
      count(*) filter (where is_open and priority in ('P0', 'P1')) as urgent,
      count(*) filter (where escalated and opened_at > now() - interval '30 days') as escalated,
      count(*) filter (where opened_at > now() - interval '30 days') as opened,
      count(*) filter (where opened_at <= now() - interval '30 days' and opened_at > now() - interval '60 days') as opened_before
    from (select client_id, priority, escalated, opened_at,
        status not in ('resolved', 'closed') or coalesce(resolved_at, closed_at) > now() as is_open
      from customers.tickets where tenant_id = $1 and opened_at <= now()) i group by 1) t on t.client_id = c.client_id
  left join (select client_id, avg(percent) as percent from customers.survey_answers
    where tenant_id = $1 and responded_at <= now() and responded_at > now() - interval '90 days' group by 1) a on a.client_id = c.client_id
  left join (select client_id, max(current_date - due_on) filter (where due_on < current_date and (status <> 'paid' or paid_on > current_date)) as overdue_days,
      bool_or(paid_on > due_on and paid_on > current_date - 30 and paid_on <= current_date) as late
    from customers.payments where tenant_id = $1 and due_on <= current_date and status in ('pending', 'paid', 'failed')
      and (due_on > current_date - 366 or status <> 'paid') group by 1) b on b.client_id = c.client_id
  left join (select client_id, bool_or(auto_renew) as auto_renew, bool_or(payment_status is not null) as told,
      bool_or(payment_status = 'overdue') as overdue, bool_or(payment_status in ('payment_plan', 'at_risk')) as strained
    from customers.contracts where tenant_id = $1 and start_date <= current_date and coalesce(end_date >= current_date, true)
    group by 1) k on k.client_id = c.client_id
  where c.tenant_id = $1 and c.status <> 'churned'`
}
