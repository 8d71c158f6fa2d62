import { tool } from '#kernel/calls/tool'
import { SegmentCustomersInput, SegmentCustomersOutput } from '../segment-contract.ts'
import type { segmentCustomers } from '../segment-customers.ts'

export const segmentCustomersTool = (run: ReturnType<typeof segmentCustomers>) =>
  tool({
    name: 'segment_customers',
    title: 'Segment customers',
    describe:
      'Divide customers by value, usage, health, industry, stage or your criteria; keep the segments with their members. By ARR tier with staffing: segment_by_value_tier.',
    effect: 'update',
    scope: 'customers:write',
    input: SegmentCustomersInput,
    output: SegmentCustomersOutput,
    run,
  })
