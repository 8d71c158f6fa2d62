import { tool } from '#kernel/calls/tool'
import type { trackUsageEngagement } from '../track-usage-engagement.ts'

export const trackUsageEngagementTool = (operation: ReturnType<typeof trackUsageEngagement>) =>
  tool(operation, {
    name: 'track_usage_engagement',
    title: 'Track usage',
    describe:
      'Record one event of a customer (event_name), or report its usage over a period (period_start, period_end). Across customers: analyze_engagement_patterns.',
    examples: [
      { client_id: 'cs_acme', event_name: 'report_exported', properties: { user_id: 'jo', feature: 'reports' } },
      { client_id: 'cs_acme', period_start: '2026-10-01', period_end: '2026-11-20', granularity: 'weekly' },
    ],
  })
