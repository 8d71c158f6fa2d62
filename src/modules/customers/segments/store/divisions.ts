import { z } from 'zod'
import { filteredStatement, filteredWriting } from '#kernel/database/filtered-statement'
import { sql } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import { Score, Stage, Tier } from '../../record/contract.ts'
import { toCents } from '../../record/money.ts'
import type { Criteria, SegmentCustomersInput } from '../segment-contract.ts'

export type Division = SegmentCustomersInput['segmentation_type'] | 'value_tier'

/** The lower bounds of the segments. */
interface DivisionBounds {
  readonly criticalBelow: number
  readonly atRiskBelow: number
  readonly healthyFrom: number
  readonly championFrom: number
  /** Annual values (decimal) from which a customer is standard, professional, enterprise and strategic. */
  readonly value: readonly [number, number, number, number]
}

/** A division of customers: the method, the criteria and the bounds. */
export interface Divided {
  readonly division: Division
  readonly criteria: Criteria
  readonly bounds: DivisionBounds
}

const BY_VALUE = sql`case when contract_value_cents >= :strategic_from::bigint then 'strategic'
  when contract_value_cents >= :enterprise_from::bigint then 'enterprise'
  when contract_value_cents >= :professional_from::bigint then 'professional'
  when contract_value_cents >= :standard_from::bigint then 'standard' else 'starter' end`

/** The segment label of a customer `c` with its 30-day usage window `w`, per division. */
const LABELS: Readonly<Record<Division, Sql>> = {
  value_based: BY_VALUE,
  value_tier: BY_VALUE,
  usage_based: sql`case when w.last_day is null then 'never used' when w.active_days >= 15 then 'power'
    when w.active_days >= 8 then 'regular' when w.active_days >= 1 then 'light' else 'dormant' end`,
  health_based: sql`case when health_score is null then 'unknown' when health_score < :critical_below::float8 then 'critical'
    when health_score < :at_risk_below::float8 then 'at risk' when health_score < :healthy_from::float8 then 'stable'
    when health_score < :champion_from::float8 then 'healthy' else 'champion' end`,
  industry: sql`industry`,
  lifecycle: sql`lifecycle_stage`,
  custom: sql`:name::text`,
}

const PARAMS = {
  division: z.string(),
  name: z.string(),
  now: z.date(),
  strategic_from: z.int(),
  enterprise_from: z.int(),
  professional_from: z.int(),
  standard_from: z.int(),
  critical_below: z.number(),
  at_risk_below: z.number(),
  healthy_from: z.number(),
  champion_from: z.number(),
}

const FILTERS = {
  tier: { where: sql`c.tier = :tier`, is: Tier },
  industry: { where: sql`c.industry = :industry`, is: z.string() },
  lifecycle_stage: { where: sql`c.lifecycle_stage = :lifecycle_stage`, is: Stage },
  value_min: { where: sql`c.contract_value_cents >= :value_min::bigint`, is: z.int() },
  value_max: { where: sql`c.contract_value_cents <= :value_max::bigint`, is: z.int() },
  health_min: { where: sql`c.health_score >= :health_min::float8`, is: Score },
  health_max: { where: sql`c.health_score <= :health_max::float8`, is: Score },
  not_churned: { where: sql`c.status <> 'churned'`, is: z.literal(true) },
} as const

/**
 * The parameters common to all statements about a division. Churned customers are included only if the criteria ask for
 * that stage.
 */
export function divisionValues({ division, criteria, bounds }: Divided, now: Date) {
  const { name = 'custom', value_min: min, value_max: max, ...same } = criteria
  const [standard, professional, enterprise, strategic] = bounds.value
  return {
    ...same,
    division,
    name,
    now,
    value_min: min === undefined ? undefined : toCents(min),
    value_max: max === undefined ? undefined : toCents(max),
    not_churned: criteria.lifecycle_stage === 'churned' ? undefined : (true as const),
    standard_from: toCents(standard),
    professional_from: toCents(professional),
    enterprise_from: toCents(enterprise),
    strategic_from: toCents(strategic),
    critical_below: bounds.criticalBelow,
    at_risk_below: bounds.atRiskBelow,
    healthy_from: bounds.healthyFrom,
    champion_from: bounds.championFrom,
  }
}

/** A read statement over a division's customers, each with its label in `labelled`. */
export function readingOf<R extends z.ZodObject>(name: string, row: R, text: (labelled: Sql) => Sql) {
  return perDivision((division) =>
    filteredStatement(nameOf(name, division), { filters: FILTERS, params: PARAMS, row }, (conditions) =>
      text(labelled(division, conditions)),
    ),
  )
}

/** A write statement over a division's customers; see `readingOf`. */
export function writingOf<R extends z.ZodObject>(name: string, row: R, text: (labelled: Sql) => Sql) {
  return perDivision((division) =>
    filteredWriting(nameOf(name, division), { filters: FILTERS, params: PARAMS, row }, (conditions) =>
      text(labelled(division, conditions)),
    ),
  )
}

function perDivision<Made>(make: (division: Division) => Made): Readonly<Record<Division, Made>> {
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

function nameOf(name: string, division: Division): string {
  return `customers.${name}-${division.replace('_', '-')}`
}

function labelled(division: Division, conditions: Sql): Sql {
  return sql`labelled as (
    select c.client_id, ${LABELS[division]} as label, c.tier, c.industry, c.contract_value_cents, c.health_score, c.churn_probability
    from customers.customers c
    left join customers.usage_windows w on w.tenant_id = :tenant_id and w.client_id = c.client_id and w.days = 30
    where c.tenant_id = :tenant_id and ${conditions})`
}
