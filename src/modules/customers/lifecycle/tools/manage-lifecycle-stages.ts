import { tool } from '#kernel/calls/tool'
import { ManageLifecycleStagesInput, ManageLifecycleStagesOutput } from '../lifecycle-contract.ts'
import type { manageLifecycleStages } from '../manage-lifecycle-stages.ts'

export const manageLifecycleStagesTool = (run: ReturnType<typeof manageLifecycleStages>) =>
  tool({
    name: 'manage_lifecycle_stages',
    title: 'Manage lifecycle stages',
    describe:
      'Stage of one customer or of all, history, suggested moves; transition moves one, e.g. to churned, which ends its scoring.',
    effect: 'update',
    // A transition is a change, which asks for customers:write itself.
    scope: 'customers:read',
    input: ManageLifecycleStagesInput,
    output: ManageLifecycleStagesOutput,
    run,
  })
