import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { filteredStatement } from '#kernel/database/filtered-statement'
import { sql } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import { Day, Stage, Tier } from '../../record/contract.ts'

/** The customers and days to analyse. Without a customer id: all of the tenant that have not churned. */
export interface PatternQuery {
  readonly client_id?: string | undefined
  readonly segment_id?: string | undefined
  readonly tier?: Tier | undefined
  readonly industry?: string | undefined
  readonly lifecycle_stage?: Stage | undefined
  readonly start: string
  readonly end: string
}

const FILTERS = {
  client_id: { where: sql`c.client_id = :client_id`, is: z.string() },
  segment_id: {
    where: sql`exists (select 1 from customers.segment_members m
      where m.tenant_id = :tenant_id and m.segment_id = :segment_id and m.client_id = c.client_id)`,
    is: z.string(),
  },
  tier: { where: sql`c.tier = :tier`, is: Tier },
  industry: { where: sql`c.industry = :industry`, is: z.string() },
  lifecycle_stage: { where: sql`c.lifecycle_stage = :lifecycle_stage`, is: Stage },
  not_churned: { where: sql`c.status <> 'churned'`, is: z.literal(true) },
  not_churned_by: {
    where: sql`(c.status <> 'churned' or coalesce(c.churned_on, c.updated_at::date) > :not_churned_by::date)`,
    is: Day,
  },
} as const

const selected = (conditions: Sql) => sql`selected as (
  select c.client_id, c.health_score, c.churn_probability, c.seats, c.last_engagement_at, c.status = 'churned' as has_churned
  from customers.customers c where c.tenant_id = :tenant_id and ${conditions})`

export const DAYS = { start: Day, end: Day }

/** A statement over the customers of a query, which are in the expression `selected`. */
export function selectedStatement<P extends z.ZodRawShape, R extends z.ZodObject>(
  name: string,
  { params, row }: { readonly params: P; readonly row: R },
  text: (selected: Sql) => Sql,
) {
  return filteredStatement(name, { filters: FILTERS, params, row }, (conditions) => text(selected(conditions)))
}

/**
 * A variant of `selectedStatement` for statements whose only parameters are the days. A churned customer is included only if it
 * is named.
 */
export function selectedQuery<R extends z.ZodObject>(name: string, row: R, text: (selected: Sql) => Sql) {
  const ask = selectedStatement(name, { params: DAYS, row }, text)
  return async (ctx: Ctx, query: PatternQuery) =>
    ask(ctx, { ...query, ...(query.client_id === undefined && { not_churned: true }) })
}
