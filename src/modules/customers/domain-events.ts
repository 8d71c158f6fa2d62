import { z } from 'zod'
import { event } from '#kernel/jobs/event'
import { ClientId, Score, Stage, Trend } from './record/contract.ts'

export const customerEvents = {
  registered: event('customers.registered', z.strictObject({ client_id: ClientId })),
  /** `fields` are the names of the changed fields. */
  updated: event('customers.updated', z.strictObject({ client_id: ClientId, fields: z.array(z.string()) })),
  stageChanged: event(
    'customers.stage-changed',
    z.strictObject({ client_id: ClientId, from: Stage, to: Stage, notify_team: z.boolean() }),
  ),
  milestonesReached: event('customers.milestones-reached', z.strictObject({ count: z.int() })),
  healthScored: event(
    'customers.health-scored',
    z.strictObject({ client_id: ClientId, score: Score.nullable(), trend: Trend }),
  ),
  /** All customers were scored: the number of customers, of those with a score, and of those at risk. */
  healthRecomputed: event(
    'customers.health-recomputed',
    z.strictObject({ customers: z.int(), scored: z.int(), at_risk: z.int() }),
  ),
}
