import type { TaskView } from './contract.ts'
import type { TaskOutcome, WriteOutcome, WriteOutput } from './output.ts'
import type { Viewed } from './relative-due.ts'
import type { TaskRow } from './store/tasks.ts'
import { briefView, nowView, taskView } from './task-view.ts'

type Rows = ReadonlyMap<number, TaskRow>

/** The result of a write: the outcome, the current tasks and the time. Tasks of a batch are shown in brief. */
export function resultOf(outcome: WriteOutcome, rows: Rows, viewed: Viewed): WriteOutput {
  return {
    ...withTask(outcome, rows, viewed, taskView),
    ...(outcome.results && { results: outcome.results.map((done) => withTask(done, rows, viewed, briefView)) }),
    ...nowView(viewed),
  }
}

/** Adds the task to its outcome; a deleted one by number and title. */
function withTask<D extends TaskOutcome>(
  done: D,
  rows: Rows,
  viewed: Viewed,
  view: (row: TaskRow, viewed: Viewed) => TaskView,
) {
  const { id, status, error, next_task_id } = done
  const row = id === undefined || error !== undefined ? undefined : rows.get(id)
  const isGone = status === 'deleted' || status === 'removed'
  return {
    ...done,
    ...(row && (isGone ? { title: row.title } : { task: view(row, viewed) })),
    ...(next_task_id !== undefined && nextDue(rows.get(next_task_id), viewed)),
  }
}

/** The due date of the next occurrence, if the call created one. */
function nextDue(row: TaskRow | undefined, viewed: Viewed) {
  if (row === undefined) return {}
  const { due, due_relative } = briefView(row, viewed)
  return {
    ...(due !== undefined && { next_due: due }),
    ...(due_relative !== undefined && { next_due_relative: due_relative }),
  }
}
