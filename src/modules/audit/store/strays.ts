import { z } from 'zod'
import { statement } from '#kernel/database/statement'
import type { On } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'

/** An event outside the chain: in no block and not waiting for one, or deleted before it was sealed. */
const Stray = z.strictObject({
  id: z.string(),
  /** False when the event was deleted. */
  is_there: z.boolean(),
  /** The number of all strays of the tenant. */
  count: z.int(),
})
export type Stray = z.output<typeof Stray>

const find = statement(
  'audit.find-strays',
  sql`with sealed as (
     select unnest(event_ids) as id from audit.block_events where tenant_id = :tenant_id
   ), strays as (
     select event.id, true as is_there from audit.events as event where tenant_id = :tenant_id
       and not exists (select from sealed where sealed.id = event.id)
       and not exists (select from audit.unsealed as next where next.tenant_id = :tenant_id and next.event_id = event.id)
     union all
     select next.event_id, false from audit.unsealed as next where tenant_id = :tenant_id
       and not exists (select from audit.events as event where event.tenant_id = :tenant_id and event.id = next.event_id)
   )
   select id, is_there, count(*) over ()::int as count from strays order by id limit :limit`,
  { params: { limit: z.int() }, row: Stray },
)

/**
 * The tenant's events outside the chain, which no export contains. `on` has the system handle. Reads all events of the
 * tenant once.
 */
export function findStrays(on: On, limit: number): Promise<Stray[]> {
  return find(on, { limit })
}
