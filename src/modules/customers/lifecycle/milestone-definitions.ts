import type { CustomMilestone } from './milestone-contract.ts'

export interface MilestoneDefinition {
  readonly milestone_id: string
  readonly name: string
  readonly reached_when: string
}

/**
 * The eight standard adoption milestones in expected order, each detected from stored data by `store/milestones.ts`.
 */
export const STANDARD_MILESTONES: readonly MilestoneDefinition[] = [
  { milestone_id: 'account_activated', name: 'Account activated', reached_when: 'the first day of use' },
  { milestone_id: 'first_value', name: 'First value', reached_when: 'the third day of use' },
  { milestone_id: 'team_onboarded', name: 'Team onboarded', reached_when: 'five people on one day' },
  {
    milestone_id: 'core_features',
    name: 'Core features adopted',
    reached_when: '70 % of the ten features most customers use',
  },
  {
    milestone_id: 'integration_connected',
    name: 'Integration connected',
    reached_when: 'first use of a feature named integration, webhook or api',
  },
  {
    milestone_id: 'advanced_features',
    name: 'Advanced features explored',
    reached_when: 'first use of a feature beyond the core',
  },
  {
    milestone_id: 'business_impact',
    name: 'Business impact confirmed',
    reached_when: 'a survey answer of 80 of 100 or more',
  },
  { milestone_id: 'champion_developed', name: 'Champion developed', reached_when: 'a contact marked as champion' },
]

export function customDefinitions(milestones: readonly CustomMilestone[]): MilestoneDefinition[] {
  return milestones.map(({ milestone_id, name, metric, target }) => ({
    milestone_id,
    name,
    reached_when: `${target} ${metric.replace('_', ' ')}${metric === 'users' ? ' on one day' : ''}`,
  }))
}
