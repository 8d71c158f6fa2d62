import { tool } from '#kernel/calls/tool'
import type { getClientOverview } from '../get-client-overview.ts'

export const getClientOverviewTool = (operation: ReturnType<typeof getClientOverview>) =>
  tool(operation, {
    name: 'get_client_overview',
    title: 'Client overview',
    describe:
      'One customer at a glance: usage, support, revenue, open risks, last health and what to do next. Up to 5 minutes old. For a fresh score: calculate_health_score.',
    examples: [{ client_id: 'cs_acme' }],
  })
