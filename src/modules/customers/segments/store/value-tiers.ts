import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

export interface AccountRow {
  readonly client_id: string
  readonly client_name: string
  readonly value_tier: 'strategic' | 'enterprise' | 'professional' | 'standard' | 'starter'
  readonly arr_cents: number
  readonly health_score: number | null
  /** Health from 75 up and close under the next tier. */
  readonly upgrade: boolean
  readonly downgrade: boolean
}

/** Members of the stored value tiers, with the ceiling of each tier ($2: names, $3: cents; none for the highest). */
const accounts = statement<AccountRow>(
  'customers.value-tier-accounts',
  `with members as (
     select c.client_id, c.client_name, s.segment_name as value_tier, c.contract_value_cents as arr_cents, c.health_score, b.ceiling,
       row_number() over (order by c.contract_value_cents desc, c.client_id) as place
     from customers.segments s
     join customers.segment_members m on m.tenant_id = $1 and m.segment_id = s.segment_id
     join customers.customers c on c.tenant_id = $1 and c.client_id = m.client_id
     left join unnest($2::text[], $3::bigint[]) b (name, ceiling) on b.name = s.segment_name
     where s.tenant_id = $1 and s.segment_type = 'value_tier'),
   marked as (
     select *, coalesce(health_score >= $4::float8 and arr_cents >= $5::float8 * ceiling, false) as upgrade,
       coalesce(health_score < $6::float8, false) and value_tier <> 'starter' as downgrade from members)
   select client_id, client_name, value_tier, arr_cents, health_score, upgrade, downgrade from marked
   where upgrade or downgrade or place <= $7::int order by arr_cents desc, client_id limit 500`,
)

export interface AccountRules {
  readonly ceilings: Readonly<Record<string, number>>
  readonly healthyFrom: number
  readonly upgradeShare: number
  readonly atRiskBelow: number
  readonly vipCount: number
}

/** The largest accounts, and those about to change their tier; the largest first. */
export async function valueTierAccounts(ctx: Ctx, rules: AccountRules): Promise<AccountRow[]> {
  return accounts(ctx.db, [
    ctx.tenantId,
    Object.keys(rules.ceilings),
    Object.values(rules.ceilings),
    rules.healthyFrom,
    rules.upgradeShare,
    rules.atRiskBelow,
    rules.vipCount,
  ])
}

export interface Concentration {
  readonly customers: number
  readonly top_cents: number
  readonly total_cents: number
  readonly currencies: readonly string[]
}

const concentration = statement<Concentration>(
  'customers.value-concentration',
  `with ranked as (
     select c.contract_value_cents as cents, c.currency, row_number() over (order by c.contract_value_cents desc, c.client_id) as place,
       count(*) over () as n
     from customers.segments s
     join customers.segment_members m on m.tenant_id = $1 and m.segment_id = s.segment_id
     join customers.customers c on c.tenant_id = $1 and c.client_id = m.client_id
     where s.tenant_id = $1 and s.segment_type = 'value_tier')
   select count(*) filter (where place <= ceil(n / 10.0)) as customers,
     coalesce(sum(cents) filter (where place <= ceil(n / 10.0)), 0)::bigint as top_cents, coalesce(sum(cents), 0)::bigint as total_cents,
     coalesce(array_agg(distinct currency), '{}') as currencies from ranked`,
)

/** How much of the value the largest tenth of the customers holds. */
export async function valueConcentration(ctx: Ctx): Promise<Concentration> {
  const [row] = await concentration(ctx.db, [ctx.tenantId])
  return row ?? { customers: 0, top_cents: 0, total_cents: 0, currencies: [] }
}
