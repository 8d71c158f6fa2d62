import { tool } from '#kernel/calls/tool'
import { ListClientsInput, ListClientsOutput } from '../contract.ts'
import type { listClients } from '../list-clients.ts'

export const listClientsTool = (run: ReturnType<typeof listClients>) =>
  tool({
    name: 'list_clients',
    title: 'List clients',
    describe:
      'Find customers with health, churn risk and top reason, riskiest first. For who may leave: health_score_max 60. Details of one: get_client_overview.',
    effect: 'read',
    scope: 'customers:read',
    input: ListClientsInput,
    output: ListClientsOutput,
    run,
  })
