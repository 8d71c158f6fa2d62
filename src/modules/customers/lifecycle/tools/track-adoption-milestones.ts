import { tool } from '#kernel/calls/tool'
import { trackAdoptionMilestones } from '../track-adoption-milestones.ts'

export const trackAdoptionMilestonesTool = tool(trackAdoptionMilestones, {
  name: 'track_adoption_milestones',
  title: 'Track adoption milestones',
  describe:
    'Which adoption milestones customers, or one, have reached; stores new ones. Least advanced first: who is stuck, and on what.',
  examples: [
    {},
    { client_id: 'cs_acme' },
    {
      milestone_framework: 'custom',
      custom_milestones: [{ milestone_id: 'ten_users', name: 'Ten users', metric: 'users', target: 10 }],
    },
  ],
})
