import { z } from 'zod'

/**
 * A field that can be cleared: by null, or by `empty` (an empty text, the number 0) for clients that can send only one
 * type. Both parse to null.
 */
export function clearable<T extends z.ZodType, const Empty extends string | number>(schema: T, empty: Empty) {
  return z.preprocess((given: z.input<T> | Empty | null) => (given === empty ? null : given), schema.nullable())
}
