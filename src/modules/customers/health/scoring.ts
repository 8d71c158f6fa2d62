import type { HealthSettings } from '../record/health-settings.ts'
import { COMPONENTS } from './health-weights.ts'
import type { PerComponent } from './health-weights.ts'
import type { ScoreParameters } from './store/score-sql.ts'

export const STANDARD_MODEL = 'weighted_composite'
export const STANDARD_LOOKBACK_DAYS = 30

type Chosen = Pick<ScoreParameters, 'tenantId' | 'asOf' | 'lookbackDays' | 'model'> & {
  readonly weights?: Partial<Record<keyof PerComponent<number>, number | undefined>>
  readonly atRiskBelow?: number
}

/** The parameters of one scoring: what was chosen for it, and the settings for the rest. */
export function scoringOf(settings: HealthSettings, chosen: Chosen): ScoreParameters {
  const { weights: asked, atRiskBelow = settings.atRiskBelow, ...same } = chosen
  return {
    ...same,
    weights: asked === undefined ? standardWeights(settings) : customWeights(asked),
    atRiskBelow,
    criticalBelow: Math.min(settings.criticalBelow, atRiskBelow),
    healthyFrom: Math.max(settings.healthyFrom, atRiskBelow),
    usageDropShare: settings.usageDropShare,
    ticketRiseShare: settings.ticketRiseShare,
    churnLowFrom: settings.churnLowFrom,
    churnMediumFrom: settings.churnMediumFrom,
    churnHighFrom: settings.churnHighFrom,
  }
}

function standardWeights(settings: HealthSettings): PerComponent<number> {
  return {
    usage: settings.usageWeight,
    engagement: settings.engagementWeight,
    support: settings.supportWeight,
    satisfaction: settings.satisfactionWeight,
    payment: settings.paymentWeight,
  }
}

/** A component that was not named does not count. */
function customWeights(asked: NonNullable<Chosen['weights']>): PerComponent<number> {
  const [usage, engagement, support, satisfaction, payment] = COMPONENTS.map((component) => asked[component] ?? 0)
  return {
    usage: usage ?? 0,
    engagement: engagement ?? 0,
    support: support ?? 0,
    satisfaction: satisfaction ?? 0,
    payment: payment ?? 0,
  }
}
