import { z } from 'zod'
import { ItemError, NOW, TaskView } from './contract.ts'

export const ListTasksOutput = z.strictObject({
  tasks: z.array(TaskView),
  total: z.int(),
  completed_count: z.int(),
  pending_count: z.int(),
  next_cursor: z.string().nullable(),
  ...NOW,
})

export const GetTaskOutput = z.strictObject({ task: TaskView, ...NOW })

/** Side effects of a write. */
const SideEffects = {
  next_task_id: z.int().optional(),
  next_due: z.string().optional(),
  next_due_relative: z.string().optional(),
  skipped_occurrences: z.int().optional(),
  series_ended: z.boolean().optional(),
  also_completed: z.array(z.int()).optional(),
  removed_task_id: z.int().optional(),
  deleted_subtasks: z.int().optional(),
}

const { next_due: _due, next_due_relative: _relative, ...Numbers } = SideEffects

/**
 * The outcome of a write for one task, without its text: outcomes are stored for idempotent repeats, and a person's
 * text must not be.
 */
const TaskOutcome = z.object({ id: z.int().optional(), status: z.string(), error: ItemError.optional(), ...Numbers })
export type TaskOutcome = z.output<typeof TaskOutcome>

/** The outcome of a write: for one task, or for each task of a batch. */
export const WriteOutcome = TaskOutcome.extend({
  succeeded: z.int().optional(),
  failed: z.int().optional(),
  results: z.array(TaskOutcome.extend({ index: z.int() })).optional(),
})
export type WriteOutcome = z.output<typeof WriteOutcome>

/** The result of one task in a batch, success or error, independent of the others. */
const Item = z.strictObject({
  index: z.int(),
  id: z.int().optional(),
  status: z.string(),
  title: z.string().optional(),
  task: TaskView.optional(),
  error: ItemError.optional(),
  ...SideEffects,
})

const Batch = {
  succeeded: z.int().optional(),
  failed: z.int().optional(),
  results: z.array(Item).optional(),
}

const Write = { id: z.int().optional(), status: z.string(), task: TaskView.optional(), ...Batch, ...NOW }

export const CreateTaskOutput = z.strictObject(Write)
export const UpdateTaskOutput = z.strictObject(Write)
export const DeleteTaskOutput = z.strictObject({
  id: z.int().optional(),
  title: z.string().optional(),
  status: z.string(),
  deleted_subtasks: SideEffects.deleted_subtasks,
  series_ended: SideEffects.series_ended,
  ...Batch,
  ...NOW,
})
const { deleted_subtasks: _deleted, ...Completed } = SideEffects
export const MarkCompleteOutput = z.strictObject({ ...Write, ...Completed })

export type WriteOutput = z.output<typeof CreateTaskOutput> &
  z.output<typeof DeleteTaskOutput> &
  z.output<typeof MarkCompleteOutput>
