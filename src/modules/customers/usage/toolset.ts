import type { Tool } from '#kernel/calls/tool'
import type { HealthSettings } from '../record/health-settings.ts'
import { analyzeEngagementPatterns } from './analyze-engagement-patterns.ts'
import { analyzeEngagementPatternsTool } from './tools/analyze-engagement-patterns.ts'
import { trackFeatureAdoptionTool } from './tools/track-feature-adoption.ts'
import { trackUsageEngagementTool } from './tools/track-usage-engagement.ts'
import { trackUsageEngagement } from './track-usage-engagement.ts'

/** The tools for product usage: of one customer, of features, and of patterns across customers. */
export function usageToolset(settings: HealthSettings): readonly [Tool, Tool, Tool] {
  return [
    trackUsageEngagementTool(trackUsageEngagement(settings)),
    trackFeatureAdoptionTool,
    analyzeEngagementPatternsTool(analyzeEngagementPatterns(settings)),
  ]
}
