import { z } from 'zod'
import { Failure } from '#kernel/failure'
import { isZone } from './zone.ts'

export const TITLE_CHARACTERS_MAX = 200
export const DESCRIPTION_CHARACTERS_MAX = 2000
const TAG_CHARACTERS_MAX = 40
const TAGS_MAX = 10
export const BATCH_MAX = 25
const TASK_ID_MAX = 2_147_483_647

export const PRIORITIES = ['low', 'medium', 'high', 'urgent'] as const
export const Priority = z.enum(PRIORITIES)
export type Priority = z.output<typeof Priority>

const isStorable = (given: string) => given.isWellFormed() && !given.includes('\0')
const isUpTo = (given: string, charactersMax: number) =>
  given.length <= 2 * charactersMax && Array.from(given).length <= charactersMax

/**
 * Text of 1 to `charactersMax` characters, not all blank, in Unicode's composed form (NFC), so that a search finds it
 * however it was typed. The limits are checked but not published in the JSON Schema, where they would cost a model
 * tokens.
 */
const line = (charactersMax: number) =>
  z
    .string()
    .normalize('NFC')
    .refine((given) => given.trim() !== '' && isUpTo(given, charactersMax), `1–${charactersMax} characters`)
    .refine(isStorable, 'text without NUL characters and unpaired surrogates')

export const Title = line(TITLE_CHARACTERS_MAX)
export const Description = z
  .string()
  .normalize('NFC')
  .refine((given) => isUpTo(given, DESCRIPTION_CHARACTERS_MAX), `at most ${DESCRIPTION_CHARACTERS_MAX} characters`)
  .refine(isStorable, 'text without NUL characters and unpaired surrogates')
export const Search = line(TITLE_CHARACTERS_MAX)
const isSameTag = (one: string, two: string) => one.toLowerCase() === two.toLowerCase()

/** Tags, each once in its first spelling: `Work` and `work` are one tag. */
export const Tags = z
  .array(line(TAG_CHARACTERS_MAX))
  .refine((tags) => tags.length <= TAGS_MAX, `at most ${TAGS_MAX} tags`)
  .overwrite((tags) => tags.filter((tag, at) => tags.findIndex((other) => isSameTag(other, tag)) === at))
export const Rule = z.string()
/** A task number, unique per person; each person's numbers start at 1. */
export const TaskId = z
  .int()
  .min(1)
  .refine((id) => id <= TASK_ID_MAX, `a task's number, at most ${TASK_ID_MAX}`)
export const TaskIds = z
  .array(TaskId)
  .refine((ids) => ids.length >= 1 && ids.length <= BATCH_MAX, `1–${BATCH_MAX} task ids`)
  .refine((ids) => new Set(ids).size === ids.length, 'each task id once')
export const Zone = z.string().refine(isZone, 'an IANA time zone such as Europe/Berlin')
export const DueText = z.string()
export const Version = z.int().min(1)
export const IdempotencyKey = line(200)

const Instant = z.iso.datetime({ offset: true })

/** The error of one task in a batch; the others are processed. */
export const ItemError = z.strictObject({
  code: z.string(),
  message: z.string(),
  problems: z.array(z.looseObject({ path: z.string(), expected: z.string() })).optional(),
})
export type ItemError = z.output<typeof ItemError>

export const Subtask = z.strictObject({ id: z.int(), title: z.string(), completed: z.boolean() })

/** A task in results. Empty fields are omitted, to keep lists small in a model's context. */
export const TaskView = z.strictObject({
  id: z.int(),
  title: z.string(),
  description: z.string().nullable().optional(),
  completed: z.boolean(),
  completed_at: Instant.optional(),
  priority: Priority,
  tags: z.array(z.string()).optional(),
  due: z.string().optional(),
  due_relative: z.string().optional(),
  overdue: z.boolean().optional(),
  recurrence: z.string().optional(),
  parent_id: z.int().optional(),
  subtasks: z.array(Subtask).optional(),
  version: z.int(),
  created_at: Instant,
  updated_at: Instant,
})
export type TaskView = z.output<typeof TaskView>

/** The current time, included in every result so that a model can answer questions about dates. */
export const NOW = {
  current_time: Instant,
  weekday: z.string(),
  time_zone: z.string(),
}

/** The failure for an unknown task. Used for another person's task as well, so as not to reveal that it exists. */
export function taskNotFound(taskId: number): Failure {
  return new Failure('not_found', `You have no task ${taskId}. list_tasks shows yours.`, { code: 'TASK_NOT_FOUND' })
}

/** The failure for one invalid argument. */
export function invalidArgument(path: string, expected: string, example?: unknown): Failure {
  const problem = { path, expected, ...(example !== undefined && { example }) }
  return new Failure('invalid', `${path} is invalid: expected ${expected}.`, { problems: [problem] })
}
