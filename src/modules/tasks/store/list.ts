import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { filteredStatement } from '#kernel/database/filtered-statement'
import { sql, sqlJoin, sqlText } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import { PRIORITIES, Priority } from '../contract.ts'
import { personOf } from '../person.ts'
import { OWN_ROWS, TASK_COLUMNS, TaskRow } from './tasks.ts'

export type SortBy = 'due' | 'priority' | 'newest'

/** The filters of the list. Days are in the caller's zone, each with an instant for tasks that have a time. */
const FILTERS = {
  completed: { where: sql`completed = :completed`, is: z.boolean() },
  search: {
    where: sql`position(lower(:search::text) in lower(title || E'\\n' || coalesce(description, ''))) > 0`,
    is: z.string(),
  },
  // Escapes in JSON text are lower case already.
  tags: { where: sql`lower(tags::text)::jsonb @> lower(:tags::text)::jsonb`, is: z.string() },
  priority: { where: sql`priority = :priority`, is: Priority },
  due_from: {
    where: sql`case when due_time is null then due_on >= :due_from::date else due_at >= :from_at::timestamptz end`,
    is: z.iso.date(),
  },
  due_to: {
    where: sql`case when due_time is null then due_on <= :due_to::date else due_at < :to_at::timestamptz end`,
    is: z.iso.date(),
  },
  overdue: {
    where: sql`:overdue = (not completed and due_on is not null
      and case when due_time is null then due_on < :today::date else due_at < :now::timestamptz end)`,
    is: z.boolean(),
  },
  parent_id: { where: sql`parent_id = :parent_id`, is: z.int() },
} as const

const PARAMS = {
  user_id: z.string(),
  /** The first instant of `due_from`. */
  from_at: z.date().nullable(),
  /** The first instant after `due_to`. */
  to_at: z.date().nullable(),
  today: z.iso.date(),
  now: z.date(),
}

const Counts = z.strictObject({ total: z.int(), completed: z.int() })
const count = filteredStatement(
  'tasks.count-list',
  { filters: FILTERS, params: PARAMS, row: Counts },
  (conditions) => sql`select count(*) as total, count(*) filter (where completed) as completed
    from tasks.tasks where ${OWN_ROWS} and ${conditions}`,
)

export type TaskFilters = Omit<Parameters<typeof count>[1], 'user_id'>

/** The position of the last task of a page. */
export interface Position {
  readonly priority: Priority
  /** Null without a due date; such tasks sort last. */
  readonly dueAt: string | null
  readonly taskId: number
}

const DUE = sql`coalesce(due_at, 'infinity')`
const RANKS = PRIORITIES.toReversed()
const RANK = sql`array_position(array[${sqlJoin(RANKS.map(sqlText))}], priority)`

const page = (sortBy: SortBy, order: Sql, after: Sql) =>
  filteredStatement(
    `tasks.list-by-${sortBy}`,
    {
      filters: { ...FILTERS, after_id: { where: after, is: z.int() } },
      params: { ...PARAMS, after_due: z.string().nullable(), after_rank: z.int().nullable(), limit: z.int() },
      row: TaskRow,
    },
    (conditions) =>
      sql`select ${TASK_COLUMNS} from tasks.tasks where ${OWN_ROWS} and ${conditions} order by ${order} limit :limit`,
  )

const BY_DUE = sql`${DUE}, task_id`
const BY_PRIORITY = sql`${RANK}, ${BY_DUE}`
const AFTER_DUE = sql`:after_due::timestamptz, :after_id::integer`
const pages = {
  due: page('due', BY_DUE, sql`(${BY_DUE}) > (${AFTER_DUE})`),
  priority: page('priority', BY_PRIORITY, sql`(${BY_PRIORITY}) > (:after_rank::integer, ${AFTER_DUE})`),
  newest: page('newest', sql`task_id desc`, sql`task_id < :after_id`),
}

interface PageRequest {
  readonly filters: TaskFilters
  readonly sortBy: SortBy
  readonly after: Position | undefined
  readonly limit: number
}

/** Lists the tasks after a position. The sort keys change only when a task is changed; ties are ordered by number. */
export async function listPage(ctx: Ctx, { filters, sortBy, after, limit }: PageRequest): Promise<TaskRow[]> {
  return pages[sortBy](ctx, {
    ...filters,
    user_id: personOf(ctx),
    after_id: after?.taskId,
    after_due: after === undefined ? null : (after.dueAt ?? 'infinity'),
    after_rank: after === undefined ? null : RANKS.indexOf(after.priority) + 1,
    limit,
  })
}

/** Over everything that matches, not over the page. */
export async function countList(ctx: Ctx, filters: TaskFilters): Promise<z.output<typeof Counts>> {
  const [counted] = await count(ctx, { ...filters, user_id: personOf(ctx) })
  if (counted === undefined) throw new Error('the count returned no row')
  return counted
}
