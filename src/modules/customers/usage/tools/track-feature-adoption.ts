import { tool } from '#kernel/calls/tool'
import { trackFeatureAdoption } from '../track-feature-adoption.ts'
import { TrackFeatureAdoptionInput, TrackFeatureAdoptionOutput } from '../adoption-contract.ts'

export const trackFeatureAdoptionTool = tool({
  name: 'track_feature_adoption',
  title: 'Track feature adoption',
  describe:
    'Which features customers, or one, use and have adopted, by tier and stage; which go with health, which lie idle. Up to 15 minutes old.',
  effect: 'read',
  scope: 'customers:read',
  input: TrackFeatureAdoptionInput,
  output: TrackFeatureAdoptionOutput,
  run: trackFeatureAdoption,
})
