import { z } from 'zod'

/**
 * A field that can be cleared: null clears it, and so does `empty` (an empty text, the number 0), for callers that can
 * send one type alone. Its value is null then.
 */
export function clearable<T extends z.ZodType, const Empty extends string | number>(schema: T, empty: Empty) {
  return z.preprocess((given: z.input<T> | Empty | null) => (given === empty ? null : given), schema.nullable())
}
