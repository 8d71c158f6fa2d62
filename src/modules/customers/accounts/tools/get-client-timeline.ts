import { tool } from '#kernel/calls/tool'
import { GetClientTimelineInput, GetClientTimelineOutput } from '../../record/timeline-contract.ts'
import { getClientTimeline } from '../get-client-timeline.ts'

export const getClientTimelineTool = tool({
  name: 'get_client_timeline',
  title: 'Client timeline',
  describe:
    'What happened to a customer, newest first: contract, health, tickets, surveys, milestones. State of today: get_client_overview.',
  effect: 'read',
  scope: 'customers:read',
  input: GetClientTimelineInput,
  output: GetClientTimelineOutput,
  run: getClientTimeline,
})
