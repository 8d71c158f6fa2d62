import { change } from '#kernel/writes/change'
import { Failure } from '#kernel/failure'
import { customerTags } from '../record/cache-tags.ts'
import { fromCents, toCents } from '../record/money.ts'
import type { HealthSettings } from '../record/health-settings.ts'
import { roundScore, roundShare, roundTo } from '../record/rounding.ts'
import { strategyFor } from './segment-strategies.ts'
import { divide, lockDivision, storeSegments } from './store/segments.ts'
import type { PartRow } from './store/segments.ts'
import { valueConcentration, valueTierAccounts } from './store/value-tiers.ts'
import type { AccountRow, Concentration } from './store/value-tiers.ts'
import { SegmentByValueTierInput, SegmentByValueTierOutput } from './value-tier-contract.ts'
import { SERVICE_LEVELS, UPGRADE_SHARE, VALUE_TIERS, VALUE_TIER_BOUNDS } from './value-tiers.ts'

const VIP_SHOWN = 20
const LISTED_MAX = 50

/**
 * Divides the customers that have not churned into tiers by annual contract value, and stores the tiers with their
 * members.
 */
export function segmentByValueTier(settings: HealthSettings) {
  return change({
    action: 'customers.segment-by-value-tier',
    scope: 'customers:write',
    effect: 'update',
    input: SegmentByValueTierInput,
    output: SegmentByValueTierOutput,
    async work(ctx, input) {
      if (input.model !== 'arr_based') throw withoutData(input.model)
      const bounds = boundsOf(input)
      const divided = {
        division: 'value_tier' as const,
        criteria: input.segmentation_criteria,
        bounds: { ...settings, value: bounds },
      }
      await lockDivision(ctx, divided.division)
      const parts = await divide(ctx, divided)
      const stored = await storeSegments(ctx, divided, parts, (label) => strategyFor('value_tier', label))
      const accounts = await valueTierAccounts(ctx, {
        ceilings: ceilingsOf(bounds),
        healthyFrom: settings.healthyFrom,
        upgradeShare: UPGRADE_SHARE,
        atRiskBelow: settings.atRiskBelow,
        vipCount: VIP_SHOWN,
      })
      const idOf = new Map(stored.map((segment) => [segment.segment_name, segment.segment_id]))
      const result = present(input, { parts, idOf, accounts, concentration: await valueConcentration(ctx) })
      return {
        result,
        subject: 'value_tier',
        after: { segments: stored.map((segment) => segment.segment_id) },
        invalidates: [customerTags.segments],
      }
    },
  })
}

function withoutData(model: string): Failure {
  return new Failure(
    'unavailable',
    `Not enough data for ${model}: no expansion potential or strategic rating is stored.`,
    {
      code: 'NOT_ENOUGH_DATA',
      problems: [{ path: 'model', expected: 'arr_based', example: 'arr_based' }],
    },
  )
}

type Bounds = readonly [number, number, number, number]

function boundsOf({ tier_definitions: given, thresholds }: SegmentByValueTierInput): Bounds {
  const [standard, professional, enterprise, strategic] = thresholds ?? []
  if (standard !== undefined && professional !== undefined && enterprise !== undefined && strategic !== undefined) {
    return [standard, professional, enterprise, strategic]
  }
  return given === undefined
    ? VALUE_TIER_BOUNDS
    : [given.standard, given.professional, given.enterprise, given.strategic]
}

function ceilingsOf([standard, professional, enterprise, strategic]: Bounds): Record<string, number> {
  return {
    starter: toCents(standard),
    standard: toCents(professional),
    professional: toCents(enterprise),
    enterprise: toCents(strategic),
  }
}

interface Divided {
  readonly parts: readonly PartRow[]
  readonly idOf: ReadonlyMap<string, string>
  readonly accounts: readonly AccountRow[]
  readonly concentration: Concentration
}

function present(input: SegmentByValueTierInput, divided: Divided): SegmentByValueTierOutput {
  const { parts, idOf, accounts, concentration } = divided
  const total = concentration.total_cents
  const tiers = VALUE_TIERS.flatMap((tier) => {
    const part = parts.find(({ label }) => label === tier)
    return part === undefined ? [] : [{ tier, part }]
  })
  const upgrades = accounts.filter((row) => row.upgrade).slice(0, LISTED_MAX)
  const downgrades = accounts.filter((row) => row.downgrade).slice(0, LISTED_MAX)
  return {
    total_customers: parts.reduce((sum, part) => sum + part.customers, 0),
    total_arr: fromCents(total),
    currencies: [...concentration.currencies],
    tier_distribution: tiers.map(({ tier, part }) => ({
      value_tier: tier,
      segment_id: idOf.get(tier) ?? '',
      customers: part.customers,
      arr: fromCents(part.arr_cents),
      share_of_arr: share(part.arr_cents, total),
      average_health: roundScore(part.average_health),
      at_risk: part.at_risk,
    })),
    value_concentration: {
      top_10_percent_customers: concentration.customers,
      share_of_arr: share(concentration.top_cents, total),
    },
    vip_accounts: input.vip_identification ? accounts.slice(0, VIP_SHOWN).map(account) : [],
    service_levels: input.service_level_mapping
      ? tiers.map(({ tier }) => ({
          value_tier: tier,
          accounts_per_csm: SERVICE_LEVELS[tier].accountsPerCsm,
          support_hours: SERVICE_LEVELS[tier].supportHours,
        }))
      : [],
    csm_allocation: input.resource_planning
      ? tiers.flatMap(({ tier, part }) => {
          const ratio = SERVICE_LEVELS[tier].accountsPerCsm
          return ratio === null ? [] : [{ value_tier: tier, csms_needed: roundTo(part.customers / ratio, 2) }]
        })
      : [],
    upgrade_candidates: upgrades.map(account),
    downgrade_risks: downgrades.map(account),
    recommended_actions: recommend(upgrades, downgrades),
  }
}

function account(row: AccountRow): SegmentByValueTierOutput['vip_accounts'][number] {
  const { client_id, client_name, value_tier, health_score } = row
  return { client_id, client_name, value_tier, arr: fromCents(row.arr_cents), health_score }
}

function recommend(upgrades: readonly AccountRow[], downgrades: readonly AccountRow[]): string[] {
  const [up, down] = [upgrades[0], downgrades[0]]
  return [
    ...(down === undefined
      ? []
      : [`Protect ${down.client_name} first: health ${down.health_score}, the largest at risk`]),
    ...(up === undefined
      ? []
      : [`Offer ${up.client_name} the next tier: health ${up.health_score}, close under its bound`]),
  ]
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : roundShare(part / whole)
}
