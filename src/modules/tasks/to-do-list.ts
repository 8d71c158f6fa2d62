import type { AuditEntry } from '#kernel/audit'
import { personal } from '#kernel/audit'
import type { WriteCtx } from '#kernel/writes/change'
import { taskNotFound } from './contract.ts'
import { personOf } from './person.ts'
import { lockPerson, saveLastTaskId } from './store/people.ts'
import { findTasks, putTask, removeTasks, subtasksOf } from './store/tasks.ts'
import type { TaskRow } from './store/tasks.ts'
import { rememberChange } from './store/undo.ts'
import { ZONE_DEFAULT } from './zone.ts'

/** A task whose number, version and times the list gives. */
export type NewTask = Omit<TaskRow, 'task_id' | 'version' | 'created_at' | 'updated_at'>

/**
 * One person's tasks inside one change: locked, so that nobody else of theirs writes meanwhile. It keeps what each task
 * was before, for the audit trail and for undo.
 */
export interface ToDoList {
  readonly ctx: WriteCtx
  /** How the audit trail names the change. */
  readonly action: string
  readonly now: Date
  /** Of this call, else the last one used, else UTC. */
  readonly zone: string
  /** Throws `TASK_NOT_FOUND`. */
  find(taskId: number): Promise<TaskRow>
  /** Oldest first. */
  subtasks(taskId: number): Promise<TaskRow[]>
  add(task: NewTask): Promise<TaskRow>
  /** Makes `before` what `after` says, as its next version. */
  save(before: TaskRow, after: TaskRow): Promise<TaskRow>
  /** Puts a task back under its number, whatever is there now. */
  restore(current: TaskRow | undefined, before: TaskRow): Promise<TaskRow>
  /** Sub-tasks must be among them. */
  remove(rows: readonly TaskRow[]): Promise<void>
  /** What was written, by number: before and after, null where there was or is nothing. */
  readonly touched: ReadonlyMap<number, Touched>
}

export interface Touched {
  readonly before: TaskRow | null
  readonly after: TaskRow | null
}

/** Opens the list in the transaction of `ctx.db`, and locks it until that ends. */
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
      await saveLastTaskId(ctx, lastTaskId)
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

/** Keeps what the change did as the one that undo takes back; a change of nothing leaves the one before it. */
export async function rememberForUndo({ ctx, action, touched }: ToDoList): Promise<void> {
  if (touched.size === 0) return
  const entries = [...touched].map(([task_id, { before }]) => ({ task_id, before }))
  await rememberChange(ctx, action, entries)
}

/** What the audit trail says of each task that was written: the fields that differ, text under the person's own key. */
export function auditEntries({ ctx, action, touched }: ToDoList): AuditEntry[] {
  return [...touched].map(([taskId, { before, after }]) => {
    const fields = FIELDS.filter((field) => JSON.stringify(before?.[field]) !== JSON.stringify(after?.[field]))
    const shown = (row: TaskRow | null) => (row === null ? undefined : audited(personOf(ctx), row, fields))
    return { action, subject: subjectOf(ctx, taskId), before: shown(before), after: shown(after) }
  })
}

/** How the audit trail names a task. */
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
