import { Temporal } from 'temporal-polyfill'
import type { Ctx } from '#kernel/context'
import { requireScope } from '#kernel/writes/scope'
import type { TaskView } from './contract.ts'
import { cursorOf, readCursor } from './cursor.ts'
import type { ListTasksInput } from './input.ts'
import type { ListTasksOutput } from './output.ts'
import { requirePerson } from './person.ts'
import { viewedAt } from './relative-due.ts'
import type { Viewed } from './relative-due.ts'
import { countList, listPage } from './store/list.ts'
import type { DayBound, TaskFilters } from './store/list.ts'
import type { TaskRow } from './store/tasks.ts'
import { nowView, taskView } from './task-view.ts'
import { zoneOf } from './write-tasks.ts'

/**
 * A page of the person's own tasks. Counts are of everything that matches. A page ends at `limit`, or earlier where it
 * would outgrow `charactersMax`; whoever follows the cursors meets each task that is not changed meanwhile once.
 */
export async function listTasks(
  ctx: Ctx,
  input: ListTasksInput,
  charactersMax: number = Number.POSITIVE_INFINITY,
): Promise<ListTasksOutput> {
  requireScope(ctx, 'tasks:read')
  const userId = requirePerson(ctx)
  const viewed = viewedAt(ctx.clock(), await zoneOf(ctx, userId, input.time_zone))
  const filters = filtersOf(input, viewed)
  const { limit, cursor, time_zone: _zone, sort_by: sortBy, ...list } = input
  const after = cursor === undefined ? undefined : readCursor(sortBy, list, cursor)
  const rows = await listPage(ctx, userId, { filters, sortBy, after, limit: limit + 1 })
  const counts = await countList(ctx, userId, filters)
  const tasks = fitting(
    rows.slice(0, limit).map((row) => taskView(row, viewed)),
    charactersMax,
  )
  const last = rows[tasks.length - 1]
  return {
    tasks,
    total: counts.total,
    completed_count: counts.completed,
    pending_count: counts.total - counts.completed,
    next_cursor: last === undefined || tasks.length === rows.length ? null : cursorOf(sortBy, list, positionOf(last)),
    ...nowView(viewed),
  }
}

const positionOf = ({ priority, due_at, task_id }: TaskRow) => ({
  priority,
  dueAt: due_at === null ? null : due_at.toISOString(),
  taskId: task_id,
})

/** As many as fit, and at least one. */
function fitting(tasks: TaskView[], charactersMax: number): TaskView[] {
  let characters = 0
  const end = tasks.findIndex((task, at) => (characters += JSON.stringify(task).length + 1) > charactersMax && at > 0)
  return end === -1 ? tasks : tasks.slice(0, end)
}

function filtersOf(input: ListTasksInput, { now, zone, today }: Viewed): TaskFilters {
  return {
    completed: input.filter === 'all' ? null : input.filter === 'completed',
    search: input.search ?? null,
    tags: input.tags ?? null,
    priority: input.priority ?? null,
    dueFrom: input.due_from === undefined ? null : dayBound(input.due_from, 0, zone),
    dueTo: input.due_to === undefined ? null : dayBound(input.due_to, 1, zone),
    overdue: input.overdue ?? null,
    today,
    now,
    parentId: input.parent_id ?? null,
  }
}

/** The day, and the instant at which it, or the day so many later, begins in the zone. */
function dayBound(day: string, daysLater: number, zone: string): DayBound {
  const begins = Temporal.PlainDate.from(day).add({ days: daysLater }).toZonedDateTime(zone)
  return { day, at: new Date(begins.epochMilliseconds) }
}
