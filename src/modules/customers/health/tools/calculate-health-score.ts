import { tool } from '#kernel/calls/tool'
import type { calculateHealthScore } from '../calculate-health-score.ts'

export const calculateHealthScoreTool = (operation: ReturnType<typeof calculateHealthScore>) =>
  tool(operation, {
    name: 'calculate_health_score',
    title: 'Calculate health score',
    describe:
      'Compute one customer’s health, 0 (lost) to 100, from stored data; store it, explain each component, and name churn risk and next actions. All customers: list_clients.',
    examples: [
      { client_id: 'cs_acme' },
      {
        client_id: 'cs_acme',
        scoring_model: 'custom',
        component_weights: { usage: 0.5, engagement: 0.2, support: 0.1, satisfaction: 0.1, payment: 0.1 },
      },
    ],
  })
