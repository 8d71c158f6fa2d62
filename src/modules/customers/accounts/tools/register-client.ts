import { tool } from '#kernel/calls/tool'
import { registerClient } from '../register-client.ts'

export const registerClientTool = tool(registerClient, {
  name: 'register_client',
  title: 'Register client',
  describe:
    'Register a new customer. For one already registered use update_client_info. Health stays null until calculate_health_score has data.',
  examples: [
    {
      client_id: 'cs_acme',
      client_name: 'Acme',
      tier: 'professional',
      contract_value: 48_000,
      primary_contact_email: 'ada@acme.example',
    },
  ],
})
