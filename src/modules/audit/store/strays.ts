import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

/** An event in the table that is not in the chain, or the name of one that is in neither. */
export interface Stray {
  readonly id: string
  readonly is_there: boolean
  /** How many there are in all. */
  readonly count: number
}

const find = statement<Stray>(
  'audit.find-strays',
  `with sealed as (
     select unnest(event_ids) as id from audit.block_events where tenant_id = $1
   ), strays as (
     select event.id, true as is_there from audit.events as event where tenant_id = $1
       and not exists (select from sealed where sealed.id = event.id)
       and not exists (select from audit.unsealed as told where told.tenant_id = $1 and told.event_id = event.id)
     union all
     select told.event_id, false from audit.unsealed as told where tenant_id = $1
       and not exists (select from audit.events as event where event.tenant_id = $1 and event.id = told.event_id)
   )
   select id, is_there, count(*) over ()::int as count from strays order by id limit $2`,
)

/**
 * What no export shows: events that no block holds and that do not wait for one either, and events that went before they
 * were sealed. `system` is the system handle; costs one read of the tenant's events.
 */
export function findStrays(system: Db, tenantId: string, max: number): Promise<Stray[]> {
  return find(system, [tenantId, max])
}
