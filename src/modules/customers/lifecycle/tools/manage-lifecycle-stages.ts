import { tool } from '#kernel/calls/tool'
import type { manageLifecycleStages } from '../manage-lifecycle-stages.ts'

export const manageLifecycleStagesTool = (operation: ReturnType<typeof manageLifecycleStages>) =>
  tool(operation, {
    name: 'manage_lifecycle_stages',
    title: 'Manage lifecycle stages',
    describe:
      'Stage of one customer or of all, history, suggested moves; transition moves one, e.g. to churned, which ends its scoring.',
    examples: [
      {},
      { client_id: 'cs_acme', action: 'get_stage' },
      {
        client_id: 'cs_acme',
        action: 'transition',
        new_stage: 'at_risk',
        transition_reason: 'usage fell by half and an invoice is overdue',
      },
      { client_id: 'cs_acme', action: 'update_stage', new_stage: 'renewing', notify_team: false },
      { client_id: 'cs_acme', action: 'get_history' },
    ],
  })
