import type { Tool } from '#kernel/calls/tool'
import type { HealthSettings } from '../record/health-settings.ts'
import { getClientOverview } from './get-client-overview.ts'
import { listClients } from './list-clients.ts'
import { getClientOverviewTool } from './tools/get-client-overview.ts'
import { getClientTimelineTool } from './tools/get-client-timeline.ts'
import { listClientsTool } from './tools/list-clients.ts'
import { registerClientTool } from './tools/register-client.ts'
import { updateClientInfoTool } from './tools/update-client-info.ts'

/** The tools for customer accounts, in listing order. */
export function accountsToolset(settings: HealthSettings): readonly Tool[] {
  return [
    registerClientTool,
    getClientOverviewTool(getClientOverview(settings)),
    updateClientInfoTool,
    listClientsTool(listClients(settings)),
    getClientTimelineTool,
  ]
}
