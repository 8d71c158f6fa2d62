import { tool } from '#kernel/calls/tool'
import { trackFeatureAdoption } from '../track-feature-adoption.ts'

export const trackFeatureAdoptionTool = tool(trackFeatureAdoption, {
  name: 'track_feature_adoption',
  title: 'Track feature adoption',
  describe:
    'Which features customers, or one, use and have adopted, by tier and stage; which relate to health or are underused. Up to 15 minutes old.',
  examples: [{}, { client_id: 'cs_acme', time_period_days: 30 }, { feature_id: 'reports' }],
})
