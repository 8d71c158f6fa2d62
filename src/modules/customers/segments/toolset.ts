import type { Tool } from '#kernel/calls/tool'
import type { HealthSettings } from '../record/health-settings.ts'
import { segmentByValueTier } from './segment-by-value-tier.ts'
import { segmentCustomers } from './segment-customers.ts'
import { segmentByValueTierTool } from './tools/segment-by-value-tier.ts'
import { segmentCustomersTool } from './tools/segment-customers.ts'

/** The tools for segmentation. */
export function segmentsToolset(settings: HealthSettings): readonly [Tool, Tool] {
  return [segmentCustomersTool(segmentCustomers(settings)), segmentByValueTierTool(segmentByValueTier(settings))]
}
