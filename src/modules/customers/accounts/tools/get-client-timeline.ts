import { tool } from '#kernel/calls/tool'
import { getClientTimeline } from '../get-client-timeline.ts'

export const getClientTimelineTool = tool(getClientTimeline, {
  name: 'get_client_timeline',
  title: 'Client timeline',
  describe:
    'What happened to a customer, newest first: contract, health, tickets, surveys, milestones. Current state: get_client_overview.',
  examples: [{ client_id: 'cs_acme' }, { client_id: 'cs_acme', event_types: ['support'], limit: 20 }],
})
