import { query } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import { customerTags } from '../record/cache-tags.ts'
import { requireCustomer } from '../record/store/customers.ts'
import { addDays, dayOf } from '../record/days.ts'
import { notEnoughData } from '../record/not-enough-data.ts'
import { percent, roundScore, roundShare } from '../record/rounding.ts'
import { TrackFeatureAdoptionInput, TrackFeatureAdoptionOutput } from './adoption-contract.ts'
import { presentPersonas } from './personas.ts'
import { adoptionGroups, featureAdoption } from './store/adoption.ts'
import type { AdoptionGroup, FeatureRow } from './store/adoption.ts'
import { userPersonas } from './store/patterns.ts'

/** A feature is of high value if its adopters' health is this many points above the others'. */
const HEALTH_GAP = 5
const ADOPTERS_MIN = 3
const UNDERUSED_BELOW = 0.2
const TTL_SECONDS = 900

/**
 * Feature adoption across customers: how widely and how regularly features are used. Cached for at most fifteen
 * minutes.
 */
export const trackFeatureAdoption = query({
  scope: 'customers:read',
  input: TrackFeatureAdoptionInput,
  output: TrackFeatureAdoptionOutput,
  async run(ctx, input) {
    if (input.client_id !== undefined) await requireCustomer(ctx, input.client_id)
    const end = dayOf(ctx.clock())
    const key = `customers:adoption:${end}:${JSON.stringify(input)}`
    return ctx.cache.getOrLoad(
      ctx.tenantId,
      key,
      { name: 'customers.feature-adoption', ttlSeconds: TTL_SECONDS, tags: [customerTags.clients, customerTags.all] },
      () => adoption(ctx, input, end),
    )
  },
})

async function adoption(ctx: Ctx, input: TrackFeatureAdoptionInput, end: string): Promise<TrackFeatureAdoptionOutput> {
  const query = {
    client_id: input.client_id,
    feature: input.feature_id,
    start: addDays(end, 1 - input.time_period_days),
    end,
    days: input.time_period_days,
    threshold: input.adoption_threshold,
  }
  const rows = await featureAdoption(ctx, query)
  const groups = await adoptionGroups(ctx, query)
  const tiers = groups.filter((group) => group.kind === 'tier')
  const active = tiers.reduce((sum, group) => sum + group.customers, 0)
  const isKnown = rows.length > 0 && active > 0
  const features = rows.map((row) => present(row, active))
  const highValue = rows.filter(isOfHighValue).map((row) => row.feature)
  const underused = features.filter((row) => row.adoption_rate < UNDERUSED_BELOW).map((row) => row.feature)
  return {
    status: isKnown ? 'success' : 'not_enough_data',
    active_customers: active,
    features_known: rows.length,
    overall_adoption_rate: isKnown
      ? roundShare(tiers.reduce((sum, group) => sum + group.adopted_share * group.customers, 0) / active)
      : notEnoughData('usage events that name a feature, in the period'),
    breakdown: features.slice(0, input.limit),
    by_tier: tiers.map(presentGroup),
    by_lifecycle: groups.filter((group) => group.kind === 'lifecycle').map(presentGroup),
    ...(input.include_user_personas && { user_personas: presentPersonas(await userPersonas(ctx, query)) }),
    high_value_features: highValue,
    underutilised_features: underused.slice(0, input.limit),
    recommendations: input.optimization_recommendations ? recommend(features, highValue) : [],
  }
}

type Feature = TrackFeatureAdoptionOutput['breakdown'][number]

function present(row: FeatureRow, active: number): Feature {
  return {
    feature: row.feature,
    customers_using: row.customers,
    customers_adopted: row.adopted,
    adoption_rate: active === 0 ? 0 : roundShare(row.adopted / active),
    events: row.events,
    change: row.events_before === 0 ? null : roundShare(row.events / row.events_before - 1),
    stickiness: roundShare(row.stickiness),
    new_customers: row.new_customers,
    adopters_health: roundScore(row.adopters_health),
    others_health: roundScore(row.others_health),
  }
}

function isOfHighValue(row: FeatureRow): boolean {
  if (row.adopters_health === null || row.others_health === null || row.adopted < ADOPTERS_MIN) return false
  return row.adopters_health - row.others_health >= HEALTH_GAP
}

function presentGroup(group: AdoptionGroup): TrackFeatureAdoptionOutput['by_tier'][number] {
  return { group: group.name, customers: group.customers, adoption_rate: roundShare(group.adopted_share) }
}

function recommend(features: readonly Feature[], highValue: readonly string[]): string[] {
  const teach = features.filter((row) => highValue.includes(row.feature) && row.adoption_rate < 0.5).slice(0, 2)
  const falling = features.filter((row) => row.change !== null && row.change <= -0.3).slice(0, 2)
  return [
    ...teach.map(
      (row) => `Teach ${row.feature}: its adopters are healthier (${row.adopters_health} against ${row.others_health})`,
    ),
    ...falling.map((row) => `Find out why ${row.feature} is used ${percent(-(row.change ?? 0))} less`),
  ]
}
