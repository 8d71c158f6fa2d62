import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { Changed, WriteCtx } from '#kernel/writes/change'
import type { Items } from './input.ts'
import { WriteOutcome } from './output.ts'
import type { TaskOutcome, WriteOutput } from './output.ts'
import { personOf } from './person.ts'
import { viewedAt } from './relative-due.ts'
import { timeZoneOf } from './store/people.ts'
import { findTasks } from './store/tasks.ts'
import type { TaskRow } from './store/tasks.ts'
import { auditEntries, saveForUndo, subjectOf } from './to-do-list.ts'
import type { ToDoList } from './to-do-list.ts'
import { resultOf } from './write-result.ts'
import { ZONE_DEFAULT } from './zone.ts'

interface Call {
  readonly time_zone?: string | undefined
  readonly idempotency_key?: string | undefined
}

/**
 * The options common to all changes of tasks. A repeated idempotency key changes nothing and returns the tasks and the
 * time as they are now. Keys are per person.
 */
export const ownTasks = {
  scope: 'tasks:write',
  personal: true,
  idempotency: {
    key: (ctx: Ctx, { idempotency_key: key }: Call) => (key === undefined ? undefined : `${personOf(ctx)}:${key}`),
    keep: (result: WriteOutput) => WriteOutcome.parse(result),
    recall: async (ctx: WriteCtx, outcome: WriteOutcome, { time_zone }: Call) =>
      resultOf(outcome, await rowsOf(ctx, outcome), viewedAt(ctx.clock(), await zoneOf(ctx, time_zone))),
  },
} as const

/** The time zone of a call: the given one, else that of the person's last write, else UTC. */
export async function zoneOf(ctx: Ctx, given: string | undefined): Promise<string> {
  return given ?? (await timeZoneOf(ctx)) ?? ZONE_DEFAULT
}

/** Processes each item; in a batch a refused item does not stop the others. */
export async function eachTask<Item>(
  items: Items<Item>,
  work: (item: Item) => Promise<TaskOutcome>,
): Promise<WriteOutcome> {
  if ('one' in items) return work(items.one)
  const done: TaskOutcome[] = []
  for (const item of items.several) {
    try {
      done.push(await work(item))
    } catch (error) {
      // Safe to go on: an item is refused before it writes anything, so the transaction is still valid.
      if (!isRefusal(error)) throw error
      done.push({ ...(typeof item === 'number' && { id: item }), status: 'failed', error: refusalOf(error) })
    }
  }
  return batchOutcome(done)
}

function isRefusal(error: unknown): error is Failure {
  return error instanceof Failure && ['invalid', 'not_found', 'conflict'].includes(error.kind)
}

function refusalOf({ code, message, problems }: Failure): NonNullable<TaskOutcome['error']> {
  return { code, message, ...(problems.length > 0 && { problems: problems.map((problem) => ({ ...problem })) }) }
}

/** The maximum of results listed; the rest is only counted, to limit the size of a result. */
const RESULTS_MAX = 25

/** The outcome of a batch: one entry per task, in request order. */
export function batchOutcome(done: readonly TaskOutcome[]): WriteOutcome {
  const failed = done.filter(({ error }) => error !== undefined).length
  const succeeded = done.length - failed
  return {
    status: failed === 0 ? 'done' : succeeded === 0 ? 'failed' : 'partial',
    succeeded,
    failed,
    results: done.slice(0, RESULTS_MAX).map((one, index) => ({ index, ...one })),
  }
}

/** Finishes a change: audits each task and stores the undo entry. If nothing was written, nothing is stored. */
export async function finish(list: ToDoList, outcome: WriteOutcome): Promise<Changed<WriteOutput>> {
  const { ctx, action, touched } = list
  await saveForUndo(list)
  const written = [...touched.values()].map(({ before, after }) => after ?? before).filter((row) => row !== null)
  const rows = await rowsOf(ctx, outcome, written)
  const entries = auditEntries(list)
  const subject = idsIn(outcome)
    .map((id) => subjectOf(ctx, id))
    .join(' ')
  return {
    result: resultOf(outcome, rows, viewedAt(list.now, list.zone)),
    entries: entries.length > 0 ? entries : [{ action, subject }],
    rollback: outcome.succeeded === 0,
    touched: [...touched.values()].flatMap(({ before }) =>
      before === null ? [] : [{ task: subjectOf(ctx, before.task_id), version: before.version }],
    ),
  }
}

/** The tasks for a result: written ones are in `known`, unchanged ones are read. */
async function rowsOf(ctx: Ctx, outcome: WriteOutcome, known: readonly TaskRow[] = []): Promise<Map<number, TaskRow>> {
  const rows = new Map(known.map((row) => [row.task_id, row]))
  const missing = idsIn(outcome).filter((id) => !rows.has(id))
  if (missing.length > 0) for (const row of await findTasks(ctx, missing)) rows.set(row.task_id, row)
  return rows
}

/** The numbers of the tasks that were not refused, including newly created next occurrences. */
function idsIn(outcome: WriteOutcome): number[] {
  return [outcome, ...(outcome.results ?? [])].flatMap(({ id, error, next_task_id }) =>
    error === undefined ? [id, next_task_id].filter((each) => each !== undefined) : [],
  )
}
