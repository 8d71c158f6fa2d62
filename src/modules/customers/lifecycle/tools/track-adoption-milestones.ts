import { tool } from '#kernel/calls/tool'
import { trackAdoptionMilestones } from '../track-adoption-milestones.ts'
import { TrackAdoptionMilestonesInput, TrackAdoptionMilestonesOutput } from '../milestone-contract.ts'

export const trackAdoptionMilestonesTool = tool({
  name: 'track_adoption_milestones',
  title: 'Track adoption milestones',
  describe:
    'Which adoption milestones customers, or one, have reached; keeps new ones. Least advanced first: who is stuck, and on what.',
  effect: 'update',
  scope: 'customers:write',
  input: TrackAdoptionMilestonesInput,
  output: TrackAdoptionMilestonesOutput,
  run: trackAdoptionMilestones,
})
