import type { Stage } from '../record/contract.ts'
import { daysBetween } from '../record/days.ts'
import type { HealthSettings } from '../record/health-settings.ts'
import type { CandidateRules, MoveCandidate } from './store/stages.ts'

export interface SuggestedMove {
  readonly client_id: string
  readonly from: Stage
  readonly to: Stage
  readonly because: string
}

/**
 * The suggested stage for a customer whose stage does not fit its figures, with the reason. The first matching rule
 * wins.
 */
export function suggestStage(candidate: MoveCandidate, rules: CandidateRules): SuggestedMove {
  const { client_id, stage: from, health_score: score } = candidate
  if (score !== null && score < rules.atRiskBelow) {
    return { client_id, from, to: 'at_risk', because: `health ${score} is under ${rules.atRiskBelow}` }
  }
  if (from === 'at_risk') {
    return { client_id, from, to: 'active', because: `health recovered to ${score ?? rules.healthyFrom}` }
  }
  if (from === 'onboarding') {
    const days = daysBetween(candidate.contract_start_date, rules.today)
    return { client_id, from, to: 'active', because: `${days} days since the contract began` }
  }
  const until = candidate.renewal_date === null ? 0 : daysBetween(rules.today, candidate.renewal_date)
  return { client_id, from, to: 'renewal', because: `renewal in ${until} days` }
}

/** The suggestion rules as text. They only suggest; a transition moves the customer. */
export function stageRules(
  settings: Pick<HealthSettings, 'atRiskBelow' | 'healthyFrom' | 'onboardingDays'>,
): { from: string; to: Stage; when: string }[] {
  const { atRiskBelow, healthyFrom, onboardingDays } = settings
  return [
    { from: 'any but prospect, trial', to: 'at_risk', when: `health under ${atRiskBelow}` },
    { from: 'at_risk', to: 'active', when: `health from ${healthyFrom}` },
    {
      from: 'onboarding',
      to: 'active',
      when: `${onboardingDays} days since the contract began and health from ${atRiskBelow}`,
    },
    { from: 'active, engaged', to: 'renewal', when: `renewal within 90 days and health from ${atRiskBelow}` },
  ]
}
