import { tool } from '#kernel/calls/tool'
import type { analyzeEngagementPatterns } from '../analyze-engagement-patterns.ts'

export const analyzeEngagementPatternsTool = (operation: ReturnType<typeof analyzeEngagementPatterns>) =>
  tool(operation, {
    name: 'analyze_engagement_patterns',
    title: 'Analyze engagement patterns',
    describe:
      'How customers, a segment or one use the product: growing, declining, idle seats, unusual days; and how that relates to health. One customer’s figures: track_usage_engagement.',
    examples: [
      {},
      { analysis_scope: 'segment', scope_filter: { tier: 'enterprise' }, pattern_types: ['temporal', 'feature_usage'] },
      { analysis_scope: 'individual', scope_filter: { client_id: 'cs_acme' }, lookback_period_days: 30 },
    ],
  })
