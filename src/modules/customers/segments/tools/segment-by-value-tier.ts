import { tool } from '#kernel/calls/tool'
import type { segmentByValueTier } from '../segment-by-value-tier.ts'

export const segmentByValueTierTool = (operation: ReturnType<typeof segmentByValueTier>) =>
  tool(operation, {
    name: 'segment_by_value_tier',
    title: 'Segment by value tier',
    describe:
      'Divide customers by annual value; store the tiers. Concentration, VIPs, CSMs needed, upgrade candidates, downgrade risks. Other divisions: segment_customers.',
    examples: [{}, { thresholds: [10_000, 50_000, 100_000, 250_000], segmentation_criteria: { industry: 'Energy' } }],
  })
