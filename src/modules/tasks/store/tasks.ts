import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import type { Priority } from '../contract.ts'

/** A task as it is kept. Days and times are text: they are those of the wall clock. */
export interface TaskRow {
  readonly task_id: number
  readonly title: string
  readonly description: string | null
  readonly completed: boolean
  readonly completed_at: Date | null
  readonly priority: Priority
  readonly tags: readonly string[]
  readonly due_on: string | null
  readonly due_time: string | null
  readonly time_zone: string | null
  readonly due_at: Date | null
  readonly recurrence: string | null
  readonly series_on: string | null
  readonly series_time: string | null
  readonly next_task_id: number | null
  readonly parent_id: number | null
  readonly version: number
  readonly created_at: Date
  readonly updated_at: Date
}

const COLUMNS = [
  ...(['task_id', 'title', 'description', 'completed', 'completed_at', 'priority', 'tags'] as const),
  ...(['due_on', 'due_time', 'time_zone', 'due_at', 'recurrence', 'series_on', 'series_time'] as const),
  ...(['next_task_id', 'parent_id', 'version', 'created_at', 'updated_at'] as const),
] satisfies readonly (keyof TaskRow)[]

export const TASK_COLUMNS = COLUMNS.join(', ')

const find = statement<TaskRow>(
  'tasks.find',
  `select ${TASK_COLUMNS} from tasks.tasks where tenant_id = $1 and user_id = $2 and task_id = any ($3::integer[])`,
)
const findSubtasks = statement<TaskRow>(
  'tasks.find-subtasks',
  `select ${TASK_COLUMNS} from tasks.tasks where tenant_id = $1 and user_id = $2 and parent_id = any ($3::integer[])
   order by task_id`,
)
/** All that a view of one task needs, in one round trip. */
const view = statement<ViewRow>(
  'tasks.view',
  `select ${TASK_COLUMNS},
     (select coalesce(jsonb_agg(jsonb_build_object('id', s.task_id, 'title', s.title, 'completed', s.completed) order by s.task_id), '[]')
      from tasks.tasks s where s.tenant_id = $1 and s.user_id = $2 and s.parent_id = $3) as subtasks,
     (select p.time_zone from tasks.people p where p.tenant_id = $1 and p.user_id = $2) as last_zone
   from tasks.tasks where tenant_id = $1 and user_id = $2 and task_id = $3`,
)
const put = statement(
  'tasks.put',
  `insert into tasks.tasks (tenant_id, user_id, ${TASK_COLUMNS})
   values ($1, $2, ${COLUMNS.map((_, at) => `$${at + 3}`).join(', ')})
   on conflict (tenant_id, user_id, task_id) do update set ${COLUMNS.map((name) => `${name} = excluded.${name}`).join(', ')}`,
)
const remove = statement(
  'tasks.delete',
  'delete from tasks.tasks where tenant_id = $1 and user_id = $2 and task_id = any ($3::integer[])',
)

/** The tasks of these numbers that this person has, in no order; a missing one is left out. */
export async function findTasks(ctx: Ctx, userId: string, taskIds: readonly number[]): Promise<TaskRow[]> {
  return find(ctx.db, [ctx.tenantId, userId, taskIds])
}

/** A task, its sub-tasks, oldest first, and the zone its person last used in a write. */
export interface ViewRow extends TaskRow {
  readonly subtasks: readonly { readonly id: number; readonly title: string; readonly completed: boolean }[]
  readonly last_zone: string | null
}

/** One task as it is looked at; undefined when this person has none of this number. */
export async function findView(ctx: Ctx, userId: string, taskId: number): Promise<ViewRow | undefined> {
  const [row] = await view(ctx.db, [ctx.tenantId, userId, taskId])
  return row
}

/** The sub-tasks of these tasks, oldest first. */
export async function subtasksOf(ctx: Ctx, userId: string, taskIds: readonly number[]): Promise<TaskRow[]> {
  return findSubtasks(ctx.db, [ctx.tenantId, userId, taskIds])
}

/** Adds a task, or makes it what `row` says. The person's row must be locked. */
export async function putTask(ctx: Ctx, userId: string, row: TaskRow): Promise<void> {
  await put(ctx.db, [
    ctx.tenantId,
    userId,
    ...COLUMNS.map((name) => (name === 'tags' ? JSON.stringify(row.tags) : row[name])),
  ])
}

/** Their sub-tasks must be among them. The person's row must be locked. */
export async function deleteTasks(ctx: Ctx, userId: string, taskIds: readonly number[]): Promise<void> {
  await remove(ctx.db, [ctx.tenantId, userId, taskIds])
}
