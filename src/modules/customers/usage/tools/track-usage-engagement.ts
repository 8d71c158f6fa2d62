import { tool } from '#kernel/calls/tool'
import type { trackUsageEngagement } from '../track-usage-engagement.ts'
import { TrackUsageEngagementInput, TrackUsageEngagementOutput } from '../usage-contract.ts'

export const trackUsageEngagementTool = (run: ReturnType<typeof trackUsageEngagement>) =>
  tool({
    name: 'track_usage_engagement',
    title: 'Track usage',
    describe:
      'Record one event of a customer (event_name), or report its usage over a period (period_start, period_end). Across customers: analyze_engagement_patterns.',
    effect: 'create',
    // Recording is a change, which asks for customers:write itself.
    scope: 'customers:read',
    input: TrackUsageEngagementInput,
    output: TrackUsageEngagementOutput,
    run,
  })
