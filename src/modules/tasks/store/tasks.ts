import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { sql, sqlJoin, sqlName } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'
import { Priority, Subtask } from '../contract.ts'
import { personOf } from '../person.ts'

/** A task row. Days and times are text in wall-clock time. */
export const TaskRow = z.strictObject({
  task_id: z.int(),
  title: z.string(),
  description: z.string().nullable(),
  completed: z.boolean(),
  completed_at: z.date().nullable(),
  priority: Priority,
  tags: z.array(z.string()),
  due_on: z.iso.date().nullable(),
  due_time: z.string().nullable(),
  time_zone: z.string().nullable(),
  due_at: z.date().nullable(),
  recurrence: z.string().nullable(),
  series_on: z.iso.date().nullable(),
  series_time: z.string().nullable(),
  next_task_id: z.int().nullable(),
  parent_id: z.int().nullable(),
  version: z.int(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type TaskRow = z.output<typeof TaskRow>

const COLUMNS = Object.keys(TaskRow.shape).map(sqlName)
export const TASK_COLUMNS = sqlJoin(COLUMNS)
/** The condition that selects the caller's rows. */
export const OWN_ROWS = sql`tenant_id = :tenant_id and user_id = :user_id`

const find = statement(
  'tasks.find',
  sql`select ${TASK_COLUMNS} from tasks.tasks where ${OWN_ROWS} and task_id = any(:task_ids::integer[])`,
  { params: { user_id: z.string(), task_ids: z.array(z.int()) }, row: TaskRow },
)
const findSubtasks = statement(
  'tasks.find-subtasks',
  sql`select ${TASK_COLUMNS} from tasks.tasks where ${OWN_ROWS} and parent_id = :task_id order by task_id`,
  { params: { user_id: z.string(), task_id: z.int() }, row: TaskRow },
)
const ViewRow = TaskRow.extend({ subtasks: z.array(Subtask), last_zone: z.string().nullable() })
/** Reads all data of a task's view in one round trip. */
const view = statement(
  'tasks.view',
  sql`select ${TASK_COLUMNS},
     (select coalesce(jsonb_agg(jsonb_build_object('id', s.task_id, 'title', s.title, 'completed', s.completed) order by s.task_id), '[]')
      from tasks.tasks s where s.tenant_id = :tenant_id and s.user_id = :user_id and s.parent_id = :task_id) as subtasks,
     (select p.time_zone from tasks.people p where p.tenant_id = :tenant_id and p.user_id = :user_id) as last_zone
   from tasks.tasks where ${OWN_ROWS} and task_id = :task_id`,
  { params: { user_id: z.string(), task_id: z.int() }, row: ViewRow },
)
const put = writing(
  'tasks.put',
  sql`with numbered as (
     update tasks.people set last_task_id = :task_id
     where tenant_id = :tenant_id and user_id = :user_id and last_task_id < :task_id
   )
   insert into tasks.tasks (tenant_id, user_id, ${TASK_COLUMNS})
   values (:tenant_id, :user_id, ${sqlJoin(COLUMNS.map((name) => sql`:${name}`))})
   on conflict (tenant_id, user_id, task_id) do update set ${sqlJoin(COLUMNS.map((name) => sql`${name} = excluded.${name}`))}`,
  { params: { user_id: z.string(), ...TaskRow.shape, tags: z.string() } },
)
const remove = writing(
  'tasks.delete',
  sql`delete from tasks.tasks where ${OWN_ROWS} and task_id = any(:task_ids::integer[])`,
  { params: { user_id: z.string(), task_ids: z.array(z.int()) } },
)

/** Finds the caller's tasks by number, unordered; missing ones are left out. */
export async function findTasks(ctx: Ctx, task_ids: number[]): Promise<TaskRow[]> {
  return find(ctx, { user_id: personOf(ctx), task_ids })
}

/** Reads one task with its sub-tasks, oldest first, and the time zone of the person's last write. */
export async function findView(ctx: Ctx, task_id: number): Promise<z.output<typeof ViewRow> | undefined> {
  const [row] = await view(ctx, { user_id: personOf(ctx), task_id })
  return row
}

/** The sub-tasks of a task, oldest first. */
export async function subtasksOf(ctx: Ctx, task_id: number): Promise<TaskRow[]> {
  return findSubtasks(ctx, { user_id: personOf(ctx), task_id })
}

/**
 * Inserts or overwrites a task, and keeps its number as the person's last if it is new. One statement, because others wait
 * for the person's row, which must be locked.
 */
export async function putTask(ctx: WriteCtx, row: TaskRow): Promise<void> {
  await put(ctx, { user_id: personOf(ctx), ...row, tags: JSON.stringify(row.tags) })
}

/** Deletes tasks; their sub-tasks must be included. The person's row must be locked. */
export async function removeTasks(ctx: WriteCtx, task_ids: number[]): Promise<void> {
  await remove(ctx, { user_id: personOf(ctx), task_ids })
}
