import { roundShare, roundTo } from '../record/rounding.ts'
import { actionFor, describeIndicator } from '../risk/risk-indicators.ts'
import type { HealthThresholds } from '../risk/risk-level.ts'
import type { GetClientOverviewOutput } from './overview-contract.ts'
import type { OverviewRow } from './store/overview.ts'

export interface OverviewThresholds extends HealthThresholds {
  readonly championFrom: number
  readonly highValueFrom: number
}

type Insights = Pick<GetClientOverviewOutput, 'health_components' | 'insights'>
type Components = GetClientOverviewOutput['health_components']

/** Components with at least this value are listed as strengths. */
const STRONG_FROM = 80
const ACTIONS_MAX = 5

/** Insights from the stored health score. Nothing is computed here; without a stored score they say so. */
export function insightsOf(row: OverviewRow, thresholds: OverviewThresholds): Insights {
  const components = componentsOf(row)
  return {
    health_components: components,
    insights: {
      overall_status: statusOf(row, thresholds),
      health_score: row.health_score,
      health_trend: row.health_trend,
      health_as_of: row.health_as_of?.toISOString() ?? null,
      churn_probability: roundShare(row.churn_probability),
      key_strengths: Object.entries(components).flatMap(([name, { score }]) =>
        score !== null && score >= STRONG_FROM ? [`${name} ${score}`] : [],
      ),
      attention_areas: row.risks.map((risk) => describeIndicator(risk.name, risk.current, risk.threshold)),
      recommended_actions: actions(row),
    },
  }
}

function componentsOf({ scores }: OverviewRow): Components {
  const component = (name: keyof Components): Components[keyof Components] => {
    const score = scores?.[name] ?? null
    const weight = score === null ? 0 : roundTo(scores?.[`weight_${name}`] ?? 0, 4)
    return { score, weight, status: score === null ? 'not_enough_data' : 'known' }
  }
  return {
    usage: component('usage'),
    engagement: component('engagement'),
    support: component('support'),
    satisfaction: component('satisfaction'),
    payment: component('payment'),
  }
}

function statusOf(row: OverviewRow, thresholds: OverviewThresholds): Insights['insights']['overall_status'] {
  if (row.lifecycle_stage === 'churned') return 'churned'
  const score = row.health_score
  if (score === null) return 'not_enough_data'
  if (score < thresholds.criticalBelow) return 'critical'
  if (score < thresholds.atRiskBelow) return 'at_risk'
  if (score < thresholds.healthyFrom) return 'stable'
  return score < thresholds.championFrom ? 'healthy' : 'champion'
}

function actions(row: OverviewRow): string[] {
  if (row.health_score === null && row.lifecycle_stage !== 'churned') {
    return ['Run calculate_health_score; it says which data is missing.']
  }
  return row.risks.flatMap((risk) => actionFor(risk.name) ?? []).slice(0, ACTIONS_MAX)
}
