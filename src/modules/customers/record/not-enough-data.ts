import { z } from 'zod'

/** The answer in place of a figure that cannot be computed, with what is missing for it. */
export const NotEnoughData = z.strictObject({ status: z.literal('not_enough_data'), missing: z.string() })
export type NotEnoughData = z.output<typeof NotEnoughData>

/** `missing` names what it would take, such as `usage events that name a user (user_id)`. */
export function notEnoughData(missing: string): NotEnoughData {
  return { status: 'not_enough_data', missing }
}
