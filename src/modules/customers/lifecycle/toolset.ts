import type { Tool } from '#kernel/calls/tool'
import type { HealthSettings } from '../record/health-settings.ts'
import { manageLifecycleStages } from './manage-lifecycle-stages.ts'
import { manageLifecycleStagesTool } from './tools/manage-lifecycle-stages.ts'
import { trackAdoptionMilestonesTool } from './tools/track-adoption-milestones.ts'

/** The tools for lifecycle stages and adoption milestones. */
export function lifecycleToolset(settings: HealthSettings): readonly [Tool, Tool] {
  return [manageLifecycleStagesTool(manageLifecycleStages(settings)), trackAdoptionMilestonesTool]
}
