import { tool } from '#kernel/calls/tool'
import type { calculateHealthScore } from '../calculate-health-score.ts'
import { CalculateHealthScoreInput, HealthOutput } from '../score-contract.ts'

export const calculateHealthScoreTool = (run: ReturnType<typeof calculateHealthScore>) =>
  tool({
    name: 'calculate_health_score',
    title: 'Calculate health score',
    describe:
      'Compute one customer’s health, 0 (lost) to 100, from stored data; keep it, explain each component, and name churn risk and next actions. All customers: list_clients.',
    effect: 'update',
    scope: 'customers:write',
    input: CalculateHealthScoreInput,
    output: HealthOutput,
    run,
  })
