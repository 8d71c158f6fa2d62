import { z } from 'zod'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'

const deleteCompleted = writing(
  'tasks.expire',
  sql`with expired as (
     select user_id, task_id from tasks.tasks t
     where tenant_id = :tenant_id and completed and completed_at < :before::timestamptz and not exists (
       select from tasks.tasks s
       where s.tenant_id = :tenant_id and s.user_id = t.user_id and s.parent_id = t.task_id
         and (not s.completed or s.completed_at >= :before::timestamptz))
     limit :rows_max
   ), gone as (
     delete from tasks.tasks t using expired x
     where t.tenant_id = :tenant_id and t.user_id = x.user_id and t.task_id = x.task_id returning 1
   )
   select count(*) as deleted from gone`,
  { params: { before: z.date(), rows_max: z.int() }, row: z.strictObject({ deleted: z.int() }) },
)

/** Deletes all people's tasks that were completed before an instant; a task with a newer or open sub-task is kept. */
export async function expireTasks(ctx: WriteCtx, before: Date, rowsMax: number): Promise<number> {
  const [row] = await deleteCompleted(ctx, { before, rows_max: rowsMax })
  return row?.deleted ?? 0
}
