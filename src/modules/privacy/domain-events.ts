import { z } from 'zod'
import { event } from '#kernel/jobs/event'

export const privacyEvents = {
  /** A person's erasure was confirmed; a job carries it out. */
  erasureConfirmed: event('privacy.erasure-confirmed', z.strictObject({ request_id: z.string() })),
}
