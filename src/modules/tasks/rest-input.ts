import { z } from 'zod'
import { IdempotencyKey, Tags, TaskId, Zone } from './contract.ts'
import { LIST_MAX, ListTasksInput, refuseCrossedDays } from './input.ts'

/** A whole number as a path or a query writes it; what `1e3`, `0x10` or an empty text might mean is not guessed at. */
const whole = (max: number, expected: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,9}$/, expected)
    .transform(Number)
    .refine((given) => given <= max, expected)

const Id = whole(2_147_483_647, 'a positive integer, such as 1').pipe(TaskId)

export const OneTask = z.strictObject({ id: Id })
export const TaskQuery = z.strictObject({ time_zone: Zone.optional() })
export const WriteQuery = z.strictObject({
  time_zone: Zone.optional(),
  expected_version: whole(2_147_483_647, 'a positive integer, such as 1').optional(),
  idempotency_key: IdempotencyKey.optional(),
})

const { filter, search, priority, due_from, due_to, sort_by, cursor, time_zone } = ListTasksInput.shape

/** As `list_tasks` takes it, with numbers and switches as text; `tags=a&tags=b` for several. */
export const ListQuery = z
  .strictObject({
    ...{ filter, search, priority, due_from, due_to, sort_by, cursor, time_zone },
    tags: z
      .union([z.string(), z.array(z.string())])
      .transform((given) => [given].flat())
      .pipe(Tags)
      .optional(),
    overdue: z
      .enum(['true', 'false'])
      .transform((given) => given === 'true')
      .optional(),
    parent_id: Id.optional(),
    limit: whole(LIST_MAX, `a number from 1 to ${LIST_MAX}`).optional(),
  })
  .superRefine(refuseCrossedDays)
