import type { Tool } from '#kernel/calls/tool'
import type { HealthSettings } from '../record/health-settings.ts'
import { calculateHealthScore } from './calculate-health-score.ts'
import { calculateHealthScoreTool } from './tools/calculate-health-score.ts'

/** The tools for health scores. */
export function healthToolset(settings: HealthSettings): readonly [Tool] {
  return [calculateHealthScoreTool(calculateHealthScore(settings))]
}
