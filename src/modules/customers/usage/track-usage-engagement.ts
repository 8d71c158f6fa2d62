import { operation } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import { requireCustomer } from '../record/store/customers.ts'
import { addDays, dayOf, daysBetween } from '../record/days.ts'
import type { HealthSettings } from '../record/health-settings.ts'
import { notEnoughData } from '../record/not-enough-data.ts'
import { roundShare, roundTo } from '../record/rounding.ts'
import { recordEvent } from '../events/record-event.ts'
import { asRollUpJob, rollUp } from '../events/roll-up.ts'
import { usageCohorts, usageFeatures, usageHeatmap, usageSeries, usageStanding, usageTotals } from './store/usage.ts'
import type { Cohorts, Period, Standing, UsageTotals } from './store/usage.ts'
import { usageAdvice } from './usage-advice.ts'
import { TrackUsageEngagementInput, TrackUsageEngagementOutput } from './usage-contract.ts'

/** The minimum of customers in a tier for a comparison within it. */
const PEERS_MIN = 5

/**
 * Records a usage event, or reports on a customer's usage over a period of whole UTC days. Recording is a separate
 * change, which requires `customers:write`.
 */
export function trackUsageEngagement(settings: HealthSettings) {
  return operation({
    scope: 'customers:read',
    effect: 'create',
    input: TrackUsageEngagementInput,
    output: TrackUsageEngagementOutput,
    async run(ctx, input): Promise<TrackUsageEngagementOutput> {
      const { client_id, event_name } = input
      if (event_name !== undefined) return { client_id, recorded: await record(ctx, { ...input, event_name }) }
      await requireCustomer(ctx, client_id)
      await rollUp(asRollUpJob(ctx), { clientId: client_id })
      const period = periodOf(input, dayOf(ctx.clock()))
      const totals = await usageTotals(ctx, period)
      const cohorts =
        input.include_user_segmentation && totals.users_named ? await usageCohorts(ctx, period) : undefined
      return { client_id, ...(await report(ctx, period, { input, totals, cohorts, settings })) }
    },
  })
}

type Recorded = NonNullable<TrackUsageEngagementOutput['recorded']>

async function record(ctx: Ctx, input: TrackUsageEngagementInput & { readonly event_name: string }): Promise<Recorded> {
  const { client_id: clientId, event_name: eventName, properties, idempotency_key: messageId } = input
  const user = properties?.['user_id']
  const {
    messageId: message_id,
    occurredAt,
    isNew,
  } = await recordEvent(ctx, {
    clientId,
    eventName,
    ...(properties !== undefined && { properties }),
    ...(typeof user === 'string' && user !== '' && { userId: user }),
    ...(messageId !== undefined && { messageId }),
  })
  const status = isNew ? 'recorded' : 'known_already'
  return { event_name: eventName, message_id, occurred_at: occurredAt, status }
}

interface Reported {
  readonly input: TrackUsageEngagementInput
  readonly totals: UsageTotals
  readonly cohorts: Cohorts | undefined
  readonly settings: HealthSettings
}

async function report(
  ctx: Ctx,
  period: Period,
  { input, totals, cohorts, settings }: Reported,
): Promise<Omit<TrackUsageEngagementOutput, 'client_id'>> {
  const heatmap = await usageHeatmap(ctx, period)
  const change = changeOf(totals, period)
  return {
    period: { start: period.start, end: period.end, days: period.days },
    engagement_metrics: {
      events: totals.events,
      active_days: totals.active_days,
      users: totals.users,
      daily_users_average: roundTo(totals.daily_users ?? 0, 1),
      stickiness: totals.users === 0 ? null : Math.min(1, roundShare((totals.daily_users ?? 0) / totals.users)),
      sessions: totals.sessions,
      minutes: roundTo(totals.minutes, 1),
      errors: totals.errors,
    },
    usage_analytics: {
      features_used: totals.features,
      seats: totals.seats,
      seat_utilisation: totals.seats === null || totals.seats === 0 ? null : roundShare(totals.users / totals.seats),
    },
    usage_trends: {
      series: await usageSeries(ctx, period, input.granularity),
      events_before: totals.events_before,
      change: change ?? NO_PRECEDING_PERIOD,
    },
    engagement_patterns: { by_weekday: { ...totals.by_weekday }, busiest_hour_utc: heatmap[0]?.hour_utc ?? null },
    ...(input.include_user_segmentation && { user_cohorts: cohorts ?? NO_NAMED_USERS }),
    ...(input.include_feature_breakdown && { feature_adoption_timeline: await usageFeatures(ctx, period) }),
    activity_heatmap: heatmap.slice(0, HEAT_CELLS_SHOWN),
    ...(input.benchmark_comparison && { benchmark_insights: benchmark(await usageStanding(ctx, period)) }),
    ...usageAdvice({ totals, cohorts, change, period, dropShare: settings.usageDropShare }),
  }
}

const HEAT_CELLS_SHOWN = 24
const NO_NAMED_USERS = notEnoughData('usage events that name a user (user_id)')

/** The change from the preceding period of the same length; null if usage began within that period or it had none. */
function changeOf({ events, events_before, first_day }: UsageTotals, { start, days }: Period): number | null {
  const isCovered = first_day !== null && first_day <= addDays(start, -days)
  return isCovered && events_before > 0 ? roundShare(events / events_before - 1) : null
}

const NO_PRECEDING_PERIOD = notEnoughData('recorded usage throughout the preceding period of equal length')

/** The requested period, ending today at the latest: there is no data for later days. */
function periodOf(input: TrackUsageEngagementInput, today: string): Period {
  const start = dayOf(new Date(input.period_start ?? 0))
  const requestedEnd = dayOf(new Date(input.period_end ?? 0))
  const end = requestedEnd > today && start <= today ? today : requestedEnd
  return { client_id: input.client_id, start, end, days: daysBetween(start, end) + 1 }
}

function benchmark({ tier, peers, percentile }: Standing): TrackUsageEngagementOutput['benchmark_insights'] {
  if (peers < PEERS_MIN) {
    return notEnoughData(`${PEERS_MIN} other customers of the tier; there are ${peers}`)
  }
  return { tier, peers, percentile: roundShare(percentile), measure: 'share of the tier with fewer events' }
}
