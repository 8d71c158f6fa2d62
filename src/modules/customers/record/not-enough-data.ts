import { z } from 'zod'

/** The result in place of a figure that cannot be computed, naming the missing data. */
export const NotEnoughData = z.strictObject({ status: z.literal('not_enough_data'), missing: z.string() })
export type NotEnoughData = z.output<typeof NotEnoughData>

/** `missing` names the data that would be needed, such as `usage events that name a user (user_id)`. */
export function notEnoughData(missing: string): NotEnoughData {
  return { status: 'not_enough_data', missing }
}
