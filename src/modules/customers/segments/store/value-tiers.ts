import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { VALUE_TIERS } from '../value-tiers.ts'

const AccountRow = z.strictObject({
  client_id: z.string(),
  client_name: z.string(),
  value_tier: z.enum(VALUE_TIERS),
  arr_cents: z.int(),
  health_score: z.number().nullable(),
  /** True with a health score of at least 75 and a value close to the next tier. */
  upgrade: z.boolean(),
  downgrade: z.boolean(),
})
export type AccountRow = z.output<typeof AccountRow>

/** Members of the stored value tiers, each with the upper bound of its tier; null for the highest. */
const accounts = statement(
  'customers.value-tier-accounts',
  sql`with members as (
      select c.client_id, c.client_name, s.segment_name as value_tier, c.contract_value_cents as arr_cents, c.health_score, b.ceiling,
        row_number() over (order by c.contract_value_cents desc, c.client_id) as place
      from customers.segments s
      join customers.segment_members m on m.tenant_id = :tenant_id and m.segment_id = s.segment_id
      join customers.customers c on c.tenant_id = :tenant_id and c.client_id = m.client_id
      left join unnest(:tiers::text[], :ceilings::bigint[]) b (name, ceiling) on b.name = s.segment_name
      where s.tenant_id = :tenant_id and s.segment_type = 'value_tier'),
    marked as (
      select *, coalesce(health_score >= :healthy_from::float8 and arr_cents >= :upgrade_share::float8 * ceiling, false) as upgrade,
        coalesce(health_score < :at_risk_below::float8, false) and value_tier <> 'starter' as downgrade from members)
    select client_id, client_name, value_tier, arr_cents, health_score, upgrade, downgrade from marked
    where upgrade or downgrade or place <= :vip_count::int order by arr_cents desc, client_id limit 500`,
  {
    params: {
      tiers: z.array(z.string()),
      ceilings: z.array(z.int()),
      healthy_from: z.number(),
      upgrade_share: z.number(),
      at_risk_below: z.number(),
      vip_count: z.int(),
    },
    row: AccountRow,
  },
)

export interface AccountRules {
  readonly ceilings: Readonly<Record<string, number>>
  readonly healthyFrom: number
  readonly upgradeShare: number
  readonly atRiskBelow: number
  readonly vipCount: number
}

/** The largest accounts and those close to another tier, by decreasing value. */
export async function valueTierAccounts(ctx: Ctx, rules: AccountRules): Promise<AccountRow[]> {
  return accounts(ctx, {
    tiers: Object.keys(rules.ceilings),
    ceilings: Object.values(rules.ceilings),
    healthy_from: rules.healthyFrom,
    upgrade_share: rules.upgradeShare,
    at_risk_below: rules.atRiskBelow,
    vip_count: rules.vipCount,
  })
}

const Concentration = z.strictObject({
  customers: z.int(),
  top_cents: z.int(),
  total_cents: z.int(),
  currencies: z.array(z.string()),
})
export type Concentration = z.output<typeof Concentration>

const concentration = statement(
  'customers.value-concentration',
  sql`with ranked as (
      select c.contract_value_cents as cents, c.currency, row_number() over (order by c.contract_value_cents desc, c.client_id) as place,
        count(*) over () as n
      from customers.segments s
      join customers.segment_members m on m.tenant_id = :tenant_id and m.segment_id = s.segment_id
      join customers.customers c on c.tenant_id = :tenant_id and c.client_id = m.client_id
      where s.tenant_id = :tenant_id and s.segment_type = 'value_tier')
    select count(*) filter (where place <= ceil(n / 10.0)) as customers,
      coalesce(sum(cents) filter (where place <= ceil(n / 10.0)), 0)::bigint as top_cents, coalesce(sum(cents), 0)::bigint as total_cents,
      coalesce(array_agg(distinct currency), '{}') as currencies from ranked`,
  { row: Concentration },
)

/** The share of the total value held by the largest tenth of the customers. */
export async function valueConcentration(ctx: Ctx): Promise<Concentration> {
  const [row] = await concentration(ctx)
  return row ?? { customers: 0, top_cents: 0, total_cents: 0, currencies: [] }
}
