import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'
import type { TaskRow } from './tasks.ts'

/** What a task was before a change; null: it was not there. */
export interface UndoEntry {
  readonly task_id: number
  readonly before: TaskRow | null
}

const forget = statement('tasks.forget-last-change', 'delete from tasks.undo where tenant_id = $1 and user_id = $2')
const insert = statement(
  'tasks.remember-last-change',
  `insert into tasks.undo (tenant_id, user_id, task_id, action, before, changed_at)
   select $1, $2, (entry->>'task_id')::integer, $3, nullif(entry->'before', 'null'::jsonb), $5
   from jsonb_array_elements($4::jsonb) as entry`,
)
const find = statement<UndoEntry & { readonly action: string }>(
  'tasks.find-last-change',
  `select task_id, action, before from tasks.undo where tenant_id = $1 and user_id = $2 and changed_at > $3 order by task_id`,
)
const expire = statement<{ task_id: number }>(
  'tasks.forget-undo',
  'delete from tasks.undo where tenant_id = $1 and changed_at <= $2 returning task_id',
)

const expiring = statement<{ tenant_id: string }>(
  'tasks.tenants-with-undo-to-forget',
  `with recursive tenants as (
     (select tenant_id from tasks.undo order by tenant_id limit 1)
     union all
     select (select u.tenant_id from tasks.undo u where u.tenant_id > t.tenant_id order by u.tenant_id limit 1)
     from tenants t where t.tenant_id is not null
   )
   select tenant_id from tenants t
   where exists (select from tasks.undo u where u.tenant_id = t.tenant_id and u.changed_at <= $1)`,
)

/** Remembers one change in the place of the one before it. The person's row must be locked. */
export async function rememberChange(
  ctx: Ctx,
  userId: string,
  action: string,
  entries: readonly UndoEntry[],
): Promise<void> {
  await forget(ctx.db, [ctx.tenantId, userId])
  await insert(ctx.db, [ctx.tenantId, userId, action, JSON.stringify(entries), ctx.clock()])
}

export interface LastChange {
  readonly action: string
  readonly entries: readonly UndoEntry[]
}

/** The person's last change, if it was after `since`. */
export async function lastChange(ctx: Ctx, userId: string, since: Date): Promise<LastChange | undefined> {
  const rows = await find(ctx.db, [ctx.tenantId, userId, since])
  const [first] = rows
  if (first === undefined) return undefined
  return {
    action: first.action,
    entries: rows.map(({ task_id, before }) => ({ task_id, before: before && revived(before) })),
  }
}

/** JSON has made text of the instants. */
function revived(row: TaskRow): TaskRow {
  const { created_at, updated_at, completed_at, due_at } = row
  return {
    ...row,
    created_at: new Date(created_at),
    updated_at: new Date(updated_at),
    completed_at: completed_at && new Date(completed_at),
    due_at: due_at && new Date(due_at),
  }
}

/** Forgets the changes of everybody up to an instant, and says of how many tasks. */
export async function forgetUndo(ctx: Ctx, until: Date): Promise<number> {
  return (await expire(ctx.db, [ctx.tenantId, until])).length
}

/** The tenants that have changes up to an instant to forget. `system` sees every tenant. */
export async function tenantsWithUndo(system: Db, until: Date): Promise<string[]> {
  return (await expiring(system, [until])).map(({ tenant_id }) => tenant_id)
}
