import { z } from 'zod'
import { statement } from '#kernel/database/statement'
import type { On } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'

/** An event in the table that is not in the chain, or the name of one that is in neither. */
const Stray = z.strictObject({
  id: z.string(),
  is_there: z.boolean(),
  /** How many there are in all. */
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
       and not exists (select from audit.unsealed as told where told.tenant_id = :tenant_id and told.event_id = event.id)
     union all
     select told.event_id, false from audit.unsealed as told where tenant_id = :tenant_id
       and not exists (select from audit.events as event where event.tenant_id = :tenant_id and event.id = told.event_id)
   )
   select id, is_there, count(*) over ()::int as count from strays order by id limit :limit`,
  { params: { limit: z.int() }, row: Stray },
)

/**
 * What no export shows: events that no block holds and that do not wait for one either, and events that went before they
 * were sealed. `on` holds the system handle; costs one read of the tenant's events.
 */
export function findStrays(on: On, limit: number): Promise<Stray[]> {
  return find(on, { limit })
}
