import type { AuditEntry } from '#kernel/audit'
import { personal } from '#kernel/audit'
import type { WriteCtx } from '#kernel/writes/change'
import { taskNotFound } from './contract.ts'
import { personOf } from './person.ts'
import { lockPerson } from './store/people.ts'
import { findTasks, putTask, removeTasks, subtasksOf } from './store/tasks.ts'
import type { TaskRow } from './store/tasks.ts'
import { saveUndoEntries } from './store/undo.ts'
import { ZONE_DEFAULT } from './zone.ts'

/** A task to create; the list assigns its number, version and timestamps. */
export type NewTask = Omit<TaskRow, 'task_id' | 'version' | 'created_at' | 'updated_at'>

/**
 * One person's tasks within one transaction, locked against other writers. Records each task's earlier state for the
 * audit trail and for undo.
 */
export interface ToDoList {
  readonly ctx: WriteCtx
  /** The audit action. */
  readonly action: string
  readonly now: Date
  /** The zone of this call, else of the person's last write, else UTC. */
  readonly zone: string
  /** Throws `TASK_NOT_FOUND`. */
  find(taskId: number): Promise<TaskRow>
  /** Oldest first. */
  subtasks(taskId: number): Promise<TaskRow[]>
  add(task: NewTask): Promise<TaskRow>
  /** Saves `after` as the next version of `before`. */
  save(before: TaskRow, after: TaskRow): Promise<TaskRow>
  /** Restores a task under its number, replacing what is there. */
  restore(current: TaskRow | undefined, before: TaskRow): Promise<TaskRow>
  /** Deletes tasks; their sub-tasks must be included. */
  remove(rows: readonly TaskRow[]): Promise<void>
  /** The written tasks by number, before and after; null if the task did not exist. */
  readonly touched: ReadonlyMap<number, Touched>
}

export interface Touched {
  readonly before: TaskRow | null
  readonly after: TaskRow | null
}

/** Opens and locks the list in the transaction of `ctx.db`. */
export async function openToDoList(ctx: WriteCtx, action: string, timeZone: string | undefined): Promise<ToDoList> {
  const person = await lockPerson(ctx, timeZone)
  const now = ctx.clock()
  const touched = new Map<number, Touched>()
  let lastTaskId = person.last_task_id

  const touch = (before: TaskRow | null, after: TaskRow | null) => {
    const taskId = (after ?? before)?.task_id
    if (taskId === undefined) return
    const first = touched.get(taskId)
    touched.set(taskId, { before: first === undefined ? before : first.before, after })
  }
  const put = async (before: TaskRow | null, after: TaskRow) => {
    await putTask(ctx, after)
    touch(before, after)
    return after
  }

  return {
    ctx,
    action,
    now,
    zone: person.time_zone ?? ZONE_DEFAULT,
    touched,
    find: async (taskId) => {
      const [row] = await findTasks(ctx, [taskId])
      if (row === undefined) throw taskNotFound(taskId)
      return row
    },
    subtasks: (taskId) => subtasksOf(ctx, taskId),
    add: async (task) => {
      lastTaskId += 1
      return put(null, { ...task, task_id: lastTaskId, version: 1, created_at: now, updated_at: now })
    },
    save: (before, after) => put(before, { ...after, version: before.version + 1, updated_at: now }),
    restore: (current, before) => {
      const version = Math.max(current?.version ?? 0, before.version) + 1
      return put(current ?? null, { ...before, version, updated_at: now })
    },
    remove: async (rows) => {
      const ids = rows.map(({ task_id }) => task_id)
      await removeTasks(ctx, ids)
      for (const row of rows) touch(row, null)
    },
  }
}

/** Stores the change for undo; a change that wrote nothing keeps the previous one. */
export async function saveForUndo({ ctx, action, touched }: ToDoList): Promise<void> {
  if (touched.size === 0) return
  const entries = [...touched].map(([task_id, { before }]) => ({ task_id, before }))
  await saveUndoEntries(ctx, action, entries)
}

/** One audit entry per written task: the changed fields, with text encrypted under the person's key. */
export function auditEntries({ ctx, action, touched }: ToDoList): AuditEntry[] {
  return [...touched].map(([taskId, { before, after }]) => {
    const fields = FIELDS.filter((field) => JSON.stringify(before?.[field]) !== JSON.stringify(after?.[field]))
    const shown = (row: TaskRow | null) => (row === null ? undefined : audited(personOf(ctx), row, fields))
    return { action, subject: subjectOf(ctx, taskId), before: shown(before), after: shown(after) }
  })
}

/** The audit subject of a task. */
export const subjectOf = (ctx: WriteCtx, taskId: number) => `${personOf(ctx)}/${taskId}`

const FIELDS = [
  ...(['title', 'description', 'tags', 'completed', 'priority', 'due_on', 'due_time', 'time_zone'] as const),
  ...(['recurrence', 'parent_id', 'version'] as const),
] satisfies readonly (keyof TaskRow)[]
const TEXT = new Set<keyof TaskRow>(['title', 'description', 'tags'])

function audited(userId: string, row: TaskRow, fields: readonly (typeof FIELDS)[number][]) {
  return Object.fromEntries(
    fields.map((field) => [field, TEXT.has(field) ? personal(`user:${userId}`, row[field]) : row[field]]),
  )
}
