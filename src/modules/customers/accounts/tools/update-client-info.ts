import { tool } from '#kernel/calls/tool'
import { UpdateClientInfoInput, UpdateClientInfoOutput } from '../contract.ts'
import { updateClientInfo } from '../update-client-info.ts'

export const updateClientInfoTool = tool({
  name: 'update_client_info',
  title: 'Update client',
  describe:
    'Change fields of a customer: names, plan, contract, contact, CSM, status. Stages: manage_lifecycle_stages.',
  effect: 'update',
  scope: 'customers:write',
  input: UpdateClientInfoInput,
  output: UpdateClientInfoOutput,
  run: updateClientInfo,
})
