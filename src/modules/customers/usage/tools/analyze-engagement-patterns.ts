import { tool } from '#kernel/calls/tool'
import type { analyzeEngagementPatterns } from '../analyze-engagement-patterns.ts'
import { AnalyzeEngagementPatternsInput, AnalyzeEngagementPatternsOutput } from '../pattern-contract.ts'

export const analyzeEngagementPatternsTool = (run: ReturnType<typeof analyzeEngagementPatterns>) =>
  tool({
    name: 'analyze_engagement_patterns',
    title: 'Analyze engagement patterns',
    describe:
      'How customers, a segment or one use the product: growing, declining, idle seats, unusual days; and how that goes with health. One customer’s figures: track_usage_engagement.',
    effect: 'read',
    scope: 'customers:read',
    input: AnalyzeEngagementPatternsInput,
    output: AnalyzeEngagementPatternsOutput,
    run,
  })
