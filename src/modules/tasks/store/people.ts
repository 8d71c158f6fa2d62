import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

export interface PersonRow {
  readonly last_task_id: number
  readonly time_zone: string | null
}

const lock = statement<PersonRow>(
  'tasks.lock-person',
  `insert into tasks.people (tenant_id, user_id, time_zone) values ($1, $2, $3)
   on conflict (tenant_id, user_id) do update set time_zone = coalesce($3, people.time_zone)
   returning last_task_id, time_zone`,
)
const saveLast = statement(
  'tasks.save-last-task-id',
  'update tasks.people set last_task_id = $3 where tenant_id = $1 and user_id = $2',
)
const findZone = statement<{ time_zone: string | null }>(
  'tasks.find-time-zone',
  'select time_zone from tasks.people where tenant_id = $1 and user_id = $2',
)

/** Locks the person until the transaction ends: their writes happen one after the other. Keeps the zone if one is given. */
export async function lockPerson(ctx: Ctx, userId: string, timeZone: string | undefined): Promise<PersonRow> {
  const [row] = await lock(ctx.db, [ctx.tenantId, userId, timeZone ?? null])
  if (row === undefined) throw new Error('an upsert came back without a row')
  return row
}

/** The last number that was given to a task. The person's row must be locked. */
export async function saveLastTaskId(ctx: Ctx, userId: string, taskId: number): Promise<void> {
  await saveLast(ctx.db, [ctx.tenantId, userId, taskId])
}

/** The zone last used in a write. */
export async function timeZoneOf(ctx: Ctx, userId: string): Promise<string | undefined> {
  const [row] = await findZone(ctx.db, [ctx.tenantId, userId])
  return row?.time_zone ?? undefined
}
