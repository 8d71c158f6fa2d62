import { z } from 'zod'
import { Block } from './chain/record.ts'

const Instant = z.iso.datetime({ offset: true }).describe('An instant such as 2026-11-21T03:04:05Z.')

/** The filter of a list of events. Texts match exactly. */
export const ListEventsQuery = z.strictObject({
  action: z.string().min(1).max(200).optional().describe('Such as customers.update or tool.get_client_overview.'),
  actor: z.string().min(1).max(200).optional().describe('The id of who acted.'),
  subject: z.string().min(1).max(500).optional().describe('The id of what was acted on.'),
  outcome: z.enum(['success', 'failure', 'denied']).optional(),
  request_id: z.string().min(1).max(200).optional(),
  from: Instant.optional(),
  to: Instant.optional().describe('Events before this instant.'),
  limit: z.int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional().describe('The next_cursor of the page before.'),
  reveal: z.stringbool().default(false).describe('Show encrypted personal values; needs privacy:read as well.'),
})

/** An event. Its encrypted values are masked, or decrypted where `reveal` is true. */
export const AuditEventView = z.object({
  id: z.string(),
  at: z.string(),
  actor: z.object({ kind: z.string(), id: z.string() }),
  action: z.string(),
  subject: z.string(),
  outcome: z.string(),
  request_id: z.string(),
  before: z.unknown(),
  after: z.unknown(),
})

export const ListEventsAnswer = z.object({
  events: z.array(AuditEventView),
  next_cursor: z.string().nullable().describe('Null on the last page.'),
})

export const ListBlocksQuery = z.strictObject({
  after: z.int().min(0).default(0).describe('The number of the last block of the page before.'),
  limit: z.int().min(1).max(200).default(50),
})

export const ListBlocksAnswer = z.object({
  blocks: z.array(
    z.object({
      ...Block.omit({ tenant_id: true }).shape,
      events_removed: z.boolean().describe('Retention removed the events; the header still proves the chain.'),
    }),
  ),
  next_after: z.number().int().nullable(),
})

export const ExportQuery = z.strictObject({
  from: Instant.optional().describe('Blocks sealed at or after this instant.'),
  to: Instant.optional().describe('Blocks sealed before this instant.'),
})
