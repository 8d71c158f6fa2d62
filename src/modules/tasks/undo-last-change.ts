import { z } from 'zod'
import { Failure } from '#kernel/failure'
import { change } from '#kernel/writes/change'
import { CallFields } from './input.ts'
import { UpdateTaskOutput } from './output.ts'
import type { TaskOutcome } from './output.ts'
import { findTasks } from './store/tasks.ts'
import type { TaskRow } from './store/tasks.ts'
import { lastChange } from './store/undo.ts'
import type { UndoEntry } from './store/undo.ts'
import { openToDoList } from './to-do-list.ts'
import type { ToDoList } from './to-do-list.ts'
import { finish, ownTasks, batchOutcome } from './write-tasks.ts'

export const UNDO_HOURS = 24
const ACTION = 'tasks.undo'

/**
 * Undoes the person's last change of tasks, made by a tool or a route, if it is at most 24 hours old: a batch as a
 * whole, a deleted task under its old number. The undo is itself a change, so undoing again redoes it.
 */
export const undoLastChange = change({
  ...ownTasks,
  action: ACTION,
  effect: 'update',
  input: z.strictObject(CallFields),
  output: UpdateTaskOutput,
  async work(ctx, { time_zone }) {
    const list = await openToDoList(ctx, ACTION, time_zone)
    const done: TaskOutcome[] = []
    for (const step of await stepsBack(list)) {
      done.push(await ('restore' in step ? restore(list, step) : remove(list, step.remove)))
    }
    return finish(list, { ...batchOutcome(done), status: 'undone' })
  },
})

type Step = { readonly current: TaskRow | undefined; readonly restore: TaskRow } | { readonly remove: TaskRow }

/** The undo steps in order: parents are restored before their sub-tasks and deleted after them. */
async function stepsBack(list: ToDoList): Promise<Step[]> {
  const since = new Date(list.now.getTime() - UNDO_HOURS * 3_600_000)
  const last = await lastChange(list.ctx, since)
  if (last.length === 0) {
    const message = `You changed no task within the last ${UNDO_HOURS} hours: there is nothing to undo.`
    throw new Failure('not_found', message, { code: 'NOTHING_TO_UNDO' })
  }
  const ids = last.map(({ task_id }) => task_id)
  const current = new Map((await findTasks(list.ctx, ids)).map((row) => [row.task_id, row]))
  return [...restores(last, current), ...removals(last, current)]
}

function restores(entries: readonly UndoEntry[], current: ReadonlyMap<number, TaskRow>): Step[] {
  return entries
    .flatMap(({ task_id, before }) => (before === null ? [] : [{ current: current.get(task_id), restore: before }]))
    .toSorted((a, b) => depth(a.restore) - depth(b.restore))
}

function removals(entries: readonly UndoEntry[], current: ReadonlyMap<number, TaskRow>): Step[] {
  return entries
    .flatMap(({ task_id, before }) => (before === null ? [current.get(task_id)] : []))
    .filter((row) => row !== undefined)
    .toSorted((a, b) => depth(b) - depth(a))
    .map((row) => ({ remove: row }))
}

const depth = (row: TaskRow) => (row.parent_id === null ? 0 : 1)

async function restore(list: ToDoList, step: { current: TaskRow | undefined; restore: TaskRow }): Promise<TaskOutcome> {
  const { restore: before } = step
  const { parent_id } = before
  // Retention may have deleted the parent since.
  const isOrphan = parent_id !== null && (await findTasks(list.ctx, [parent_id])).length === 0
  await list.restore(step.current, isOrphan ? { ...before, parent_id: null } : before)
  return { id: before.task_id, status: 'restored' }
}

async function remove(list: ToDoList, row: TaskRow): Promise<TaskOutcome> {
  await list.remove([row])
  return { id: row.task_id, status: 'removed' }
}
