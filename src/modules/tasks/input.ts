import { z } from 'zod'
import { argumentProblems } from '#kernel/calls/argument-problems'
import { clearable } from '#kernel/calls/clearable'
import { ConfirmToken } from '#kernel/calls/confirm'
import { Failure } from '#kernel/failure'
import {
  BATCH_MAX,
  Description,
  DueText,
  IdempotencyKey,
  Priority,
  Rule,
  Search,
  Tags,
  TaskId,
  TaskIds,
  Title,
  Version,
  Zone,
} from './contract.ts'

/** The arguments common to all writes. */
export const CallFields = {
  time_zone: Zone.optional().describe('IANA; default last used'),
  idempotency_key: IdempotencyKey.optional(),
}

export const NewTaskInput = z.strictObject({
  title: Title,
  description: Description.optional(),
  due: DueText.optional(),
  priority: Priority.default('medium'),
  tags: Tags.default([]),
  recurrence: Rule.optional(),
  parent_id: TaskId.optional(),
})
export type NewTaskInput = z.output<typeof NewTaskInput>

/** A task of a batch; a wrong one becomes the failure that its result tells, and does not refuse the others. */
const BatchTask = NewTaskInput.catch((found?: { readonly error: { readonly issues: z.core.$ZodIssue[] } }) => {
  const problems = found === undefined ? [] : argumentProblems(NewTaskInput, new z.ZodError(found.error.issues))
  const failure = new Failure('invalid', 'The fields of this task are wrong.', { problems })
  // safe because: `createTasks`, the only reader, throws it.
  return failure as unknown as NewTaskInput
}).meta({ default: undefined }) // Otherwise the schema would list the failure as the default.

/** One task's fields, or `tasks` with fields shared by all of them. */
export const CreateTaskInput = z
  .strictObject({
    title: Title.optional().describe('As the person said it'),
    description: Description.optional(),
    due: DueText.optional().describe('2026-01-31 or 2026-01-31T09:00'),
    priority: Priority.optional(),
    tags: Tags.optional(),
    recurrence: Rule.optional().describe('RRULE, e.g. FREQ=WEEKLY;BYDAY=MO'),
    parent_id: TaskId.optional().describe('Makes it a sub-task'),
    tasks: z
      .array(BatchTask)
      .refine((tasks) => tasks.length >= 1 && tasks.length <= BATCH_MAX, `1–${BATCH_MAX} tasks`)
      .optional()
      .describe(`Instead: up to ${BATCH_MAX}`),
    ...CallFields,
  })
  .superRefine(({ tasks, time_zone: _zone, idempotency_key: _key, ...own }, issue) => {
    const given = Object.entries(own).filter(([, value]) => value !== undefined)
    if (tasks === undefined && own.title === undefined)
      issue.addIssue({ code: 'custom', path: ['title'], message: '1–200 characters (required)' })
    for (const [name] of tasks === undefined ? [] : given)
      issue.addIssue({ code: 'custom', path: [name], message: 'no value with tasks: set it in each task' })
  })

const CHANGES = {
  title: Title.optional(),
  description: clearable(Description, '').optional().describe('Empty clears'),
  due: clearable(DueText, '')
    .optional()
    .describe('2026-01-31 or 2026-01-31T09:00; empty clears; moves this occurrence only'),
  priority: Priority.optional(),
  tags: Tags.optional().describe('Replaces all'),
  recurrence: clearable(Rule, '').optional().describe('RRULE, restarts the series at due; empty ends it'),
  parent_id: clearable(TaskId, 0).optional().describe('0 detaches'),
}
export type TaskChanges = z.output<z.ZodObject<typeof CHANGES>>

const SELECTOR = {
  task_id: TaskId.optional(),
  task_ids: TaskIds.optional().describe(`Instead: up to ${BATCH_MAX}`),
  expected_version: Version.optional().describe('Refuse if changed since'),
}

const NOTHING = { code: 'custom', message: 'at least one field to change, e.g. {"title": "Call Ada"}' } as const

/** The tasks to update and the fields to change. */
export const UpdateTasksInput = z.strictObject({ ...SELECTOR, ...CHANGES, ...CallFields })

export const UpdateTaskInput = z
  .strictObject({
    ...SELECTOR,
    ...CHANGES,
    undo: z.boolean().optional().describe('Alone: undo your last change of any kind; again: redo'),
    ...CallFields,
  })
  .superRefine(({ undo, time_zone: _zone, idempotency_key: _key, ...given }, issue) => {
    const { task_id, task_ids, expected_version, ...changes } = given
    if (undo) {
      for (const [name, value] of Object.entries(given))
        if (value !== undefined) issue.addIssue({ code: 'custom', path: [name], message: 'no other field with undo' })
      return
    }
    requireSelector({ task_id, task_ids, expected_version }, issue)
    if (!Object.values(changes).some((value) => value !== undefined)) issue.addIssue(NOTHING)
  })

export const DeleteTaskInput = z
  .strictObject({ ...SELECTOR, ...CallFields, confirm_token: ConfirmToken })
  .superRefine(requireSelector)

export const MarkCompleteInput = z
  .strictObject({ ...SELECTOR, completed: z.boolean().default(true), ...CallFields })
  .superRefine(requireSelector)

/** One task, identified by the request path. */
export const OneTaskInput = z.strictObject({ id: TaskId, expected_version: SELECTOR.expected_version, ...CallFields })

/** The fields to change of one task, which the request path identifies. */
export const UpdateOneInput = z
  .strictObject({ ...OneTaskInput.shape, ...CHANGES })
  .superRefine(
    ({ id: _id, expected_version: _version, time_zone: _zone, idempotency_key: _key, ...changes }, issue) => {
      if (!Object.values(changes).some((value) => value !== undefined)) issue.addIssue(NOTHING)
    },
  )

export const GetTaskInput = z.strictObject({ task_id: TaskId, time_zone: CallFields.time_zone })

export const FILTERS = ['all', 'completed', 'incomplete'] as const
export const SORTS = ['due', 'priority', 'newest'] as const
export const LIST_MAX = 1000
export const PAGE_TASKS = 100

const Day = z.iso.date()

export const ListTasksInput = z
  .strictObject({
    filter: z.enum(FILTERS).default('all'),
    search: Search.optional().describe('In title or description'),
    tags: Tags.optional().describe('Having all'),
    priority: Priority.optional(),
    due_from: Day.optional(),
    due_to: Day.optional(),
    overdue: z.boolean().optional(),
    parent_id: TaskId.optional().describe('Sub-tasks of'),
    sort_by: z.enum(SORTS).default('due'),
    limit: z.int().min(1).max(LIST_MAX).default(PAGE_TASKS),
    cursor: z.string().optional().describe('next_cursor of previous page'),
    time_zone: CallFields.time_zone,
  })
  .superRefine(refuseCrossedDays)
export type ListTasksInput = z.output<typeof ListTasksInput>

/** Refuses a range whose end is before its start: it would always be empty, so it must be a mistake. */
function refuseCrossedDays(
  { due_from, due_to }: { readonly due_from?: string | undefined; readonly due_to?: string | undefined },
  issue: z.RefinementCtx,
): void {
  if (due_from !== undefined && due_to !== undefined && due_from > due_to)
    issue.addIssue({ code: 'custom', path: ['due_from'], message: `a date not after due_to (${due_to})` })
}

/** The items of a call: one, or several that are processed independently. */
export type Items<Item> = { readonly one: Item } | { readonly several: readonly Item[] }

/** The task numbers an input names. */
export const itemsOf = ({ task_id, task_ids }: TaskSelector): Items<number> =>
  task_id === undefined ? { several: task_ids ?? [] } : { one: task_id }

interface TaskSelector {
  readonly task_id?: number | undefined
  readonly task_ids?: readonly number[] | undefined
  readonly expected_version?: number | undefined
}

function requireSelector({ task_id, task_ids, expected_version }: TaskSelector, issue: z.RefinementCtx): void {
  const count = Number(task_id !== undefined) + Number(task_ids !== undefined)
  if (count !== 1)
    issue.addIssue({ code: 'custom', path: ['task_id'], message: 'a positive integer, or task_ids instead' })
  if (task_ids !== undefined && expected_version !== undefined)
    issue.addIssue({ code: 'custom', path: ['expected_version'], message: 'no value with task_ids' })
}
