import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

const deleteCompleted = statement<{ deleted: number }>(
  'tasks.expire',
  `with expired as (
     select user_id, task_id from tasks.tasks t
     where tenant_id = $1 and completed and completed_at < $2::timestamptz and not exists (
       select from tasks.tasks s
       where s.tenant_id = $1 and s.user_id = t.user_id and s.parent_id = t.task_id
         and (not s.completed or s.completed_at >= $2::timestamptz))
     limit $3
   ), gone as (
     delete from tasks.tasks t using expired x
     where t.tenant_id = $1 and t.user_id = x.user_id and t.task_id = x.task_id returning 1
   )
   select count(*) as deleted from gone`,
)

/** Deletes tasks of everybody that were completed before an instant; one that has a younger or open sub-task stays. */
export async function expireTasks(ctx: Ctx, before: Date, rowsMax: number): Promise<number> {
  const [row] = await deleteCompleted(ctx.db, [ctx.tenantId, before, rowsMax])
  return row?.deleted ?? 0
}
