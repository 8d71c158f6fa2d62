import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'
import { personOf } from '../person.ts'

const PersonRow = z.strictObject({ last_task_id: z.int(), time_zone: z.string().nullable() })
export type PersonRow = z.output<typeof PersonRow>

const lock = writing(
  'tasks.lock-person',
  sql`insert into tasks.people (tenant_id, user_id, time_zone) values (:tenant_id, :user_id, :time_zone)
   on conflict (tenant_id, user_id) do update set time_zone = coalesce(:time_zone, people.time_zone)
   returning last_task_id, time_zone`,
  { params: { user_id: z.string(), time_zone: z.string().nullable() }, row: PersonRow },
)
const findZone = statement(
  'tasks.find-time-zone',
  sql`select time_zone from tasks.people where tenant_id = :tenant_id and user_id = :user_id`,
  { params: { user_id: z.string() }, row: PersonRow.pick({ time_zone: true }) },
)

/**
 * Locks the person until the transaction ends, so that their writes are serialised. Stores the zone if one is given.
 */
export async function lockPerson(ctx: WriteCtx, timeZone: string | undefined): Promise<PersonRow> {
  const [row] = await lock(ctx, { user_id: personOf(ctx), time_zone: timeZone ?? null })
  if (row === undefined) throw new Error('the upsert returned no row')
  return row
}

/** The time zone of the person's last write. */
export async function timeZoneOf(ctx: Ctx): Promise<string | undefined> {
  const [row] = await findZone(ctx, { user_id: personOf(ctx) })
  return row?.time_zone ?? undefined
}
