import { z } from 'zod'
import { event } from '#kernel/jobs/event'

export const privacyEvents = {
  /** An export was requested; a job makes its archive. */
  exportRequested: event('privacy.export-requested', z.strictObject({ request_id: z.string() })),
  /** A person's erasure was confirmed; a job carries it out. */
  erasureConfirmed: event('privacy.erasure-confirmed', z.strictObject({ request_id: z.string() })),
}
