import { Temporal } from 'temporal-polyfill'
import { query } from '#kernel/calls/operation'
import type { TaskView } from './contract.ts'
import { cursorOf, readCursor } from './cursor.ts'
import { ListTasksInput } from './input.ts'
import { ListTasksOutput } from './output.ts'
import { viewedAt } from './relative-due.ts'
import type { Viewed } from './relative-due.ts'
import { countList, listPage } from './store/list.ts'
import type { TaskFilters } from './store/list.ts'
import type { TaskRow } from './store/tasks.ts'
import { nowView, taskView } from './task-view.ts'
import { zoneOf } from './write-tasks.ts'

/**
 * Lists a page of the caller's tasks. Counts cover all matching tasks. A page has at most `limit` tasks, or fewer if it
 * would exceed `charactersMax`; following the cursors returns each unchanged task exactly once.
 */
export const listTasks = (charactersMax: number = Number.POSITIVE_INFINITY) =>
  query({
    scope: 'tasks:read',
    personal: true,
    input: ListTasksInput,
    output: ListTasksOutput,
    async run(ctx, input) {
      const viewed = viewedAt(ctx.clock(), await zoneOf(ctx, input.time_zone))
      const filters = filtersOf(input, viewed)
      const { limit, cursor, time_zone: _zone, sort_by: sortBy, ...list } = input
      const after = cursor === undefined ? undefined : readCursor(sortBy, list, cursor)
      const rows = await listPage(ctx, { filters, sortBy, after, limit: limit + 1 })
      const { total, completed } = await countList(ctx, filters)
      const views = rows.slice(0, limit).map((row) => taskView(row, viewed))
      const tasks = fitting(views, charactersMax)
      const last = rows[tasks.length - 1]
      const isLast = last === undefined || tasks.length === rows.length
      return {
        tasks,
        total,
        completed_count: completed,
        pending_count: total - completed,
        next_cursor: isLast ? null : cursorOf(sortBy, list, positionOf(last)),
        ...nowView(viewed),
      }
    },
  })

const positionOf = ({ priority, due_at, task_id }: TaskRow) => ({
  priority,
  dueAt: due_at === null ? null : due_at.toISOString(),
  taskId: task_id,
})

/** The tasks that fit into `charactersMax`, at least one. */
function fitting(tasks: TaskView[], charactersMax: number): TaskView[] {
  if (charactersMax === Number.POSITIVE_INFINITY) return tasks
  let characters = 0
  const end = tasks.findIndex((task, at) => (characters += JSON.stringify(task).length + 1) > charactersMax && at > 0)
  return end === -1 ? tasks : tasks.slice(0, end)
}

function filtersOf(input: ListTasksInput, { now, zone, today }: Viewed): TaskFilters {
  const { filter, search, tags, priority, due_from, due_to, overdue, parent_id } = input
  return {
    completed: filter === 'all' ? undefined : filter === 'completed',
    search,
    tags: tags && JSON.stringify(tags),
    priority,
    due_from,
    from_at: due_from === undefined ? null : dayBegins(due_from, 0, zone),
    due_to,
    to_at: due_to === undefined ? null : dayBegins(due_to, 1, zone),
    overdue,
    today,
    now,
    parent_id,
  }
}

/** The first instant in the zone of the day `daysLater` days after `day`. */
function dayBegins(day: string, daysLater: number, zone: string): Date {
  return new Date(Temporal.PlainDate.from(day).add({ days: daysLater }).toZonedDateTime(zone).epochMilliseconds)
}
