import { tool } from '#kernel/calls/tool'
import type { getClientOverview } from '../get-client-overview.ts'
import { GetClientOverviewInput, GetClientOverviewOutput } from '../overview-contract.ts'

export const getClientOverviewTool = (run: ReturnType<typeof getClientOverview>) =>
  tool({
    name: 'get_client_overview',
    title: 'Client overview',
    describe:
      'One customer at a glance: usage, support, revenue, open risks, last health and what to do next. Up to 5 minutes old. For a fresh score: calculate_health_score.',
    effect: 'read',
    scope: 'customers:read',
    input: GetClientOverviewInput,
    output: GetClientOverviewOutput,
    run,
  })
