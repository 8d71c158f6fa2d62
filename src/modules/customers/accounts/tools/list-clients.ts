import { tool } from '#kernel/calls/tool'
import type { listClients } from '../list-clients.ts'

export const listClientsTool = (operation: ReturnType<typeof listClients>) =>
  tool(operation, {
    name: 'list_clients',
    title: 'List clients',
    describe:
      'Find customers with health, churn risk and top reason, riskiest first. For who may leave: health_score_max 60. Details of one: get_client_overview.',
    examples: [{ health_score_max: 60 }, { tier_filter: 'enterprise', sort_by: 'renewal', response_format: 'concise' }],
  })
