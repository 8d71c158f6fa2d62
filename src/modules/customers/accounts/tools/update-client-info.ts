import { tool } from '#kernel/calls/tool'
import { updateClientInfo } from '../update-client-info.ts'

export const updateClientInfoTool = tool(updateClientInfo, {
  name: 'update_client_info',
  title: 'Update client',
  describe:
    'Change fields of a customer: names, plan, contract, contact, CSM, status. Stages: manage_lifecycle_stages.',
  examples: [{ client_id: 'cs_acme', updates: { tier: 'enterprise', csm_assigned: 'Dana' } }],
})
