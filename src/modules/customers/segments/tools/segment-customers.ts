import { tool } from '#kernel/calls/tool'
import type { segmentCustomers } from '../segment-customers.ts'

export const segmentCustomersTool = (operation: ReturnType<typeof segmentCustomers>) =>
  tool(operation, {
    name: 'segment_customers',
    title: 'Segment customers',
    describe:
      'Divide customers by value, usage, health, industry, stage or your criteria; store the segments with their members. By ARR tier with staffing: segment_by_value_tier.',
    examples: [
      { segmentation_type: 'health_based', min_segment_size: 1 },
      {
        segmentation_type: 'custom',
        criteria: { name: 'Large at risk', value_min: 50_000, health_max: 60 },
        min_segment_size: 1,
        output_format: 'detailed',
      },
    ],
  })
