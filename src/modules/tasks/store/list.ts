import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { PRIORITIES } from '../contract.ts'
import type { Priority } from '../contract.ts'
import { TASK_COLUMNS } from './tasks.ts'
import type { TaskRow } from './tasks.ts'

export type SortBy = 'due' | 'priority' | 'newest'

/** What a list is narrowed to. Days are those of the caller's zone, with their first instants for tasks that have a time. */
export interface TaskFilters {
  readonly completed: boolean | null
  readonly search: string | null
  readonly tags: readonly string[] | null
  readonly priority: Priority | null
  readonly dueFrom: DayBound | null
  /** The day included; `at` is the first instant after it. */
  readonly dueTo: DayBound | null
  readonly overdue: boolean | null
  readonly today: string
  readonly now: Date
  readonly parentId: number | null
}

export interface DayBound {
  readonly day: string
  readonly at: Date
}

/** Where a page ended. */
export interface Position {
  readonly priority: Priority
  /** Null: no due date, which comes after every other. */
  readonly dueAt: string | null
  readonly taskId: number
}

const MATCHES = `tenant_id = $1 and user_id = $2
  and ($3::boolean is null or completed = $3)
  and ($4::text is null or position(lower($4) in lower(title || E'\\n' || coalesce(description, ''))) > 0)
  and ($5::jsonb is null or tags @> $5)
  and ($6::text is null or priority = $6)
  and ($7::date is null or case when due_time is null then due_on >= $7 else due_at >= $8::timestamptz end)
  and ($9::date is null or case when due_time is null then due_on <= $9 else due_at < $10::timestamptz end)
  and ($11::boolean is null or $11 = (not completed and due_on is not null
    and case when due_time is null then due_on < $12::date else due_at < $13::timestamptz end))
  and ($14::integer is null or parent_id = $14)`

const DUE = `coalesce(due_at, 'infinity')`
const RANKS = PRIORITIES.toReversed()
const RANK = `array_position(array[${RANKS.map((priority) => `'${priority}'`).join(', ')}], priority)`

const page = (sortBy: SortBy, after: string, order: string) =>
  statement<TaskRow>(
    `tasks.list-by-${sortBy}`,
    `select ${TASK_COLUMNS} from tasks.tasks where ${MATCHES} and ${after} order by ${order} limit $15`,
  )

const AFTER_DUE = `coalesce($16::timestamptz, '-infinity'), coalesce($17::integer, 0)`
const pages = {
  due: page('due', `(${DUE}, task_id) > (${AFTER_DUE})`, `${DUE}, task_id`),
  priority: page(
    'priority',
    `(${RANK}, ${DUE}, task_id) > (coalesce($18::integer, 0), ${AFTER_DUE})`,
    `${RANK}, ${DUE}, task_id`,
  ),
  newest: page('newest', 'task_id < coalesce($16::integer, 2147483647)', 'task_id desc'),
}

const count = statement<{ total: number; completed: number }>(
  'tasks.count-list',
  `select count(*) as total, count(*) filter (where completed) as completed from tasks.tasks where ${MATCHES}`,
)

/** The tasks after a position, in an order that no task leaves but by being changed; equal ones by number. */
export async function listPage(
  ctx: Ctx,
  userId: string,
  query: { filters: TaskFilters; sortBy: SortBy; after: Position | undefined; limit: number },
): Promise<TaskRow[]> {
  const { filters, sortBy, after, limit } = query
  const due = after && (after.dueAt ?? 'infinity')
  const from = {
    due: [due, after?.taskId],
    priority: [due, after?.taskId, after && RANKS.indexOf(after.priority) + 1],
    newest: [after?.taskId],
  }
  return pages[sortBy](ctx.db, [
    ...valuesOf(ctx, userId, filters),
    limit,
    ...from[sortBy].map((value) => value ?? null),
  ])
}

/** Over everything that matches, not over the page. */
export async function countList(
  ctx: Ctx,
  userId: string,
  filters: TaskFilters,
): Promise<{ total: number; completed: number }> {
  const [counted] = await count(ctx.db, valuesOf(ctx, userId, filters))
  if (counted === undefined) throw new Error('a count came back without a row')
  return counted
}

const valuesOf = (ctx: Ctx, userId: string, filters: TaskFilters) => [
  ...[
    ctx.tenantId,
    userId,
    filters.completed,
    filters.search,
    filters.tags && JSON.stringify(filters.tags),
    filters.priority,
  ],
  ...[filters.dueFrom?.day ?? null, filters.dueFrom?.at ?? null, filters.dueTo?.day ?? null, filters.dueTo?.at ?? null],
  ...[filters.overdue, filters.today, filters.now, filters.parentId],
]
