import type { Item, WriteOutput } from './output.ts'
import { briefView, nowView, taskView } from './task-view.ts'
import type { Done, Written } from './write-tasks.ts'

/** More are only counted: a result must not outgrow what a call may return. */
const RESULTS_MAX = 25

/** The result of a write of one task: it, what was done, and the time. A deleted task is told by number and title. */
export function oneResult(written: Written): WriteOutput {
  const [outcome] = written.outcomes
  if (outcome === undefined || 'error' in outcome) throw new Error('a write of one task either succeeds or throws')
  const { id, status, extra } = outcome.done
  const row = written.rows.get(id)
  const task = row && (status === 'deleted' ? { title: row.title } : { task: taskView(row, written) })
  return { id, status, ...task, ...extra, ...nextDue(written, extra), ...nowView(written) }
}

/** The result of a batch: each task for itself, in the order in which they were given. */
export function batchResult(written: Written, ids?: readonly number[]): WriteOutput {
  const failed = written.outcomes.filter((outcome) => 'error' in outcome).length
  const succeeded = written.outcomes.length - failed
  return {
    status: failed === 0 ? 'done' : succeeded === 0 ? 'failed' : 'partial',
    ...{ succeeded, failed },
    results: written.outcomes.slice(0, RESULTS_MAX).map((_, index) => itemOf(written, index, ids?.[index])),
    ...nowView(written),
  }
}

function itemOf(written: Written, index: number, givenId: number | undefined): Item {
  const outcome = written.outcomes[index]
  if (outcome === undefined || 'error' in outcome) {
    return { index, ...(givenId !== undefined && { id: givenId }), status: 'failed', ...outcome }
  }
  const { id, status, extra } = outcome.done
  const row = written.rows.get(id)
  const isGone = status === 'deleted' || status === 'removed'
  const task = row && (isGone ? { title: row.title } : { task: briefView(row, written) })
  return { index, id, status, ...task, ...extra, ...nextDue(written, extra) }
}

/** When the next occurrence is due, where the call made one. */
function nextDue(written: Written, extra: Done['extra']) {
  const row = typeof extra?.['next_task_id'] === 'number' ? written.rows.get(extra['next_task_id']) : undefined
  if (row === undefined) return {}
  const { due, due_relative } = briefView(row, written)
  return {
    ...(due !== undefined && { next_due: due }),
    ...(due_relative !== undefined && { next_due_relative: due_relative }),
  }
}
