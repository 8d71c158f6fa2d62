import { tool } from '#kernel/calls/tool'
import { RegisterClientInput, RegisterClientOutput } from '../contract.ts'
import { registerClient } from '../register-client.ts'

export const registerClientTool = tool({
  name: 'register_client',
  title: 'Register client',
  describe:
    'Register a new customer. For one already registered use update_client_info. Health stays null until calculate_health_score has data.',
  effect: 'create',
  scope: 'customers:write',
  input: RegisterClientInput,
  output: RegisterClientOutput,
  run: registerClient,
})
