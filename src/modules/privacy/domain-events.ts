import { z } from 'zod'
import { event } from '#kernel/jobs/event'

export const privacyEvents = {
  /** A job carries the erasure out. */
  erasureConfirmed: event('privacy.erasure-confirmed', z.strictObject({ request_id: z.string() })),
}
