import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { autocommit } from '#kernel/database/transact'
import type { WriteCtx } from '#kernel/writes/change'
import { personOf } from '../person.ts'
import { TaskRow } from './tasks.ts'

/** A task's state before a change; null if it did not exist. */
export interface UndoEntry {
  readonly task_id: number
  readonly before: TaskRow | null
}

/** A task row from JSON, in which instants are text. */
const JsonTask = z.strictObject({
  ...TaskRow.shape,
  completed_at: z.string().nullable(),
  due_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
})

const replace = writing(
  'tasks.remember-last-change',
  sql`with entries as (
     select (entry->>'task_id')::integer as task_id, nullif(entry->'before', 'null'::jsonb) as before
     from jsonb_array_elements(:entries::jsonb) as entry
   ), previous as (
     delete from tasks.undo where tenant_id = :tenant_id and user_id = :user_id
       and task_id not in (select task_id from entries)
   )
   insert into tasks.undo as u (tenant_id, user_id, task_id, action, before, changed_at)
   select :tenant_id, :user_id, task_id, :action, before, :changed_at from entries
   on conflict (tenant_id, user_id, task_id) do update
   set action = excluded.action, before = excluded.before, changed_at = excluded.changed_at`,
  { params: { user_id: z.string(), action: z.string(), entries: z.string(), changed_at: z.date() } },
)
const find = statement(
  'tasks.find-last-change',
  sql`select task_id, before from tasks.undo
   where tenant_id = :tenant_id and user_id = :user_id and changed_at > :since order by task_id`,
  {
    params: { user_id: z.string(), since: z.date() },
    row: z.strictObject({ task_id: z.int(), before: JsonTask.nullable() }),
  },
)
const expire = writing(
  'tasks.forget-undo',
  sql`delete from tasks.undo where tenant_id = :tenant_id and changed_at <= :until returning task_id`,
  { params: { until: z.date() }, row: z.strictObject({ task_id: z.int() }) },
)

const expiring = statement(
  'tasks.tenants-with-undo-to-forget',
  sql`with recursive tenants as (
     (select tenant_id from tasks.undo order by tenant_id limit 1)
     union all
     select (select u.tenant_id from tasks.undo u where u.tenant_id > t.tenant_id order by u.tenant_id limit 1)
     from tenants t where t.tenant_id is not null
   )
   select tenant_id from tenants t
   where exists (select from tasks.undo u where u.tenant_id = t.tenant_id and u.changed_at <= :until)`,
  {
    params: { until: z.date() },
    row: z.strictObject({ tenant_id: z.string() }),
  },
)

/** Stores a change for undo, replacing the previous one. The person's row must be locked. */
export async function saveUndoEntries(ctx: WriteCtx, action: string, entries: readonly UndoEntry[]): Promise<void> {
  await replace(ctx, { user_id: personOf(ctx), action, entries: JSON.stringify(entries), changed_at: ctx.clock() })
}

/** The earlier states of the tasks in the person's last change; empty if it was not after `since`. */
export async function lastChange(ctx: Ctx, since: Date): Promise<UndoEntry[]> {
  const rows = await find(ctx, { user_id: personOf(ctx), since })
  return rows.map(({ task_id, before }) => ({ task_id, before: before && revived(before) }))
}

function revived(row: z.output<typeof JsonTask>): TaskRow {
  const { created_at, updated_at, completed_at, due_at } = row
  return {
    ...row,
    created_at: new Date(created_at),
    updated_at: new Date(updated_at),
    completed_at: completed_at === null ? null : new Date(completed_at),
    due_at: due_at === null ? null : new Date(due_at),
  }
}

/** Deletes all people's undo entries up to an instant; returns the number of tasks. */
export async function expireUndo(ctx: Ctx, until: Date): Promise<number> {
  // No task changes, so there is nothing to audit.
  return (await expire(autocommit(ctx), { until })).length
}

/** The tenants with undo entries up to an instant. `system` sees every tenant. */
export async function tenantsWithUndo(system: Db, until: Date): Promise<string[]> {
  return (await expiring({ db: system }, { until })).map(({ tenant_id }) => tenant_id)
}
