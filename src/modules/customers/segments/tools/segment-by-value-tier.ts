import { tool } from '#kernel/calls/tool'
import type { segmentByValueTier } from '../segment-by-value-tier.ts'
import { SegmentByValueTierInput, SegmentByValueTierOutput } from '../value-tier-contract.ts'

export const segmentByValueTierTool = (run: ReturnType<typeof segmentByValueTier>) =>
  tool({
    name: 'segment_by_value_tier',
    title: 'Segment by value tier',
    describe:
      'Divide customers by annual value; keep the tiers. Concentration, VIPs, CSMs needed, upgrade candidates, downgrade risks. Other divisions: segment_customers.',
    effect: 'update',
    scope: 'customers:write',
    input: SegmentByValueTierInput,
    output: SegmentByValueTierOutput,
    run,
  })
