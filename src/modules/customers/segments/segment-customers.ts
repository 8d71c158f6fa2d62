import { change } from '#kernel/writes/change'
import { customerTags } from '../record/cache-tags.ts'
import { fromCents } from '../record/money.ts'
import type { HealthSettings } from '../record/health-settings.ts'
import { percent, roundScore, roundShare } from '../record/rounding.ts'
import { againstAll, wholeOf } from './segment-benchmark.ts'
import { SegmentCustomersInput, SegmentCustomersOutput } from './segment-contract.ts'
import type { Segment } from './segment-contract.ts'
import { strategyFor } from './segment-strategies.ts'
import { divide, lockDivision, segmentMigration, storeSegments } from './store/segments.ts'
import type { PartRow, StoredSegment } from './store/segments.ts'
import { VALUE_TIER_BOUNDS } from './value-tiers.ts'

/**
 * Divides the customers that have not churned into segments, and stores those that are large enough with their members.
 */
export function segmentCustomers(settings: HealthSettings) {
  return change({
    action: 'customers.segment',
    scope: 'customers:write',
    effect: 'update',
    input: SegmentCustomersInput,
    output: SegmentCustomersOutput,
    async work(ctx, input) {
      const divided = {
        division: input.segmentation_type,
        criteria: input.criteria,
        bounds: { ...settings, value: VALUE_TIER_BOUNDS },
      }
      await lockDivision(ctx, divided.division)
      const parts = await divide(ctx, divided)
      const kept = parts.filter((part) => part.customers >= input.min_segment_size).slice(0, input.max_segments)
      const migration = await segmentMigration(ctx, divided)
      const stored = await storeSegments(ctx, divided, kept, (label) => strategyFor(divided.division, label))
      const total = parts.reduce((sum, part) => sum + part.customers, 0)
      const whole = wholeOf(parts)
      const segments = kept.flatMap((part) => {
        const segment = stored.find(({ segment_name }) => segment_name === part.label)
        return segment === undefined ? [] : [present(part, segment, { total, whole }, input)]
      })
      return {
        result: {
          total_customers_analyzed: total,
          segments_created: segments.length,
          segments,
          left_out: parts
            .filter((part) => !kept.includes(part))
            .map(({ label, customers }) => ({ segment_name: label, customer_count: customers })),
          cross_segment_analysis: compare(kept),
          segment_migration: migration,
          recommendations: input.include_recommendations ? recommend(kept, total) : [],
        },
        subject: input.segmentation_type,
        after: { segments: segments.map(({ segment_id }) => segment_id) },
        invalidates: [customerTags.segments],
      }
    },
  })
}

function present(
  part: PartRow,
  stored: StoredSegment,
  { total, whole }: { readonly total: number; readonly whole: ReturnType<typeof wholeOf> },
  input: SegmentCustomersInput,
): Segment {
  const head = {
    segment_id: stored.segment_id,
    segment_name: part.label,
    customer_count: part.customers,
    share: roundShare(part.customers / total),
  }
  if (input.output_format === 'ids_only') return { ...head, client_ids: [...stored.client_ids] }
  const strategy = input.include_recommendations ? strategyFor(input.segmentation_type, part.label) : undefined
  return {
    ...head,
    total_arr: fromCents(part.arr_cents),
    average_health: roundScore(part.average_health),
    average_churn_probability: roundShare(part.average_churn),
    at_risk: part.at_risk,
    characteristics: { most_common_tier: part.common_tier, most_common_industry: part.common_industry },
    ...(input.benchmark_analysis && { against_all_customers: againstAll(part, whole) }),
    ...(strategy !== undefined && { engagement_strategy: strategy }),
    ...(input.output_format === 'detailed' && { client_ids: [...stored.client_ids] }),
  }
}

function compare(parts: readonly PartRow[]): SegmentCustomersOutput['cross_segment_analysis'] {
  const top = (by: (part: PartRow) => number | null) => {
    const ranked = parts.flatMap((part) => {
      const value = by(part)
      return value === null ? [] : [{ label: part.label, value }]
    })
    return ranked.toSorted((a, b) => b.value - a.value)[0]?.label ?? null
  }
  return {
    largest_arr: top((part) => part.arr_cents),
    lowest_health: top((part) => (part.average_health === null ? null : -part.average_health)),
    most_at_risk: top((part) => (part.at_risk === 0 ? null : part.at_risk)),
  }
}

function recommend(parts: readonly PartRow[], total: number): string[] {
  const risky = parts
    .filter((part) => part.at_risk > 0 && part.at_risk < part.customers)
    .toSorted((a, b) => b.at_risk - a.at_risk)[0]
  const large = parts[0]
  return [
    ...(risky === undefined
      ? []
      : [`${risky.at_risk} of ${risky.customers} customers in "${risky.label}" are at risk: start there`]),
    ...(large !== undefined && parts.length > 1 && large.customers > total * 0.7
      ? [`"${large.label}" holds ${percent(large.customers / total)} of the customers: divide it further with criteria`]
      : []),
  ]
}
