import { encodeTime } from 'ulid'
import type { z } from 'zod'
import type { AuditTrail } from '#kernel/audit'
import { masked } from '#kernel/audit/sealed-value'
import { query } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { requireScope } from '#kernel/writes/scope'
import type { ChainEvent } from './chain/record.ts'
import { ListEventsAnswer, ListEventsQuery } from './contract.ts'
import type { AuditEventView } from './contract.ts'
import { listEvents } from './store/events.ts'

/**
 * The tenant's events, newest first. Encrypted values are masked. `reveal` decrypts them: it requires `privacy:read` as
 * well, and is recorded as an audit event before anything is read.
 */
export const listAuditEvents = (trail: AuditTrail) =>
  query({
    scope: 'audit:read',
    input: ListEventsQuery,
    output: ListEventsAnswer,
    async run(ctx, { limit, cursor, reveal, from, to, ...filter }) {
      if (reveal) await recordReveal(trail, ctx, filter.subject ?? '*')
      const since = from === undefined ? undefined : new Date(from)
      const until = to === undefined ? undefined : new Date(to)
      const range = { from: since, to: until, first_id: since && idAt(since), before_id: beforeId(cursor, until) }
      const rows = await listEvents(ctx, { ...filter, ...range, limit: limit + 1 })
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      const contents = page.flatMap(({ before, after }) => [before, after])
      const shown = reveal ? await ctx.personKeys.open(ctx, contents) : contents.map(masked)
      return {
        events: page.map((row, at) => view(row, shown[2 * at], shown[2 * at + 1])),
        next_cursor: rows.length > limit && last !== undefined ? Buffer.from(last.id).toString('base64url') : null,
      }
    },
  })

async function recordReveal(trail: AuditTrail, ctx: Ctx, subject: string): Promise<void> {
  requireScope(ctx, 'privacy:read')
  const { tenantId, actor, requestId } = ctx
  await trail.record({ tenantId, actor, requestId, action: 'audit.reveal', subject, outcome: 'success' })
}

function view(event: ChainEvent, before: unknown, after: unknown): z.input<typeof AuditEventView> {
  const { id, at, action, subject, outcome, request_id, actor_kind, actor_id } = event
  const actor = { kind: actor_kind, id: actor_id }
  return { id, at, actor, action, subject, outcome, request_id, before: before ?? null, after: after ?? null }
}

/** The smallest id that an event of this time can have. ULIDs start at 1970. */
function idAt(time: Date): string {
  return `aud_${encodeTime(Math.max(0, time.getTime())).toLowerCase()}`
}

const MILLISECOND = 1

/** The exclusive upper bound of ids: the cursor or the end of the time range, whichever is smaller. */
function beforeId(cursor: string | undefined, until: Date | undefined): string | undefined {
  const ids = [
    ...(cursor === undefined ? [] : [idOf(cursor)]),
    ...(until === undefined ? [] : [idAt(new Date(until.getTime() + MILLISECOND))]),
  ]
  return ids.toSorted((a, b) => (a < b ? -1 : 1))[0]
}

function idOf(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString()
  if (/^aud_[0-9a-z]{26}$/.test(id)) return id
  throw new Failure('invalid', 'The cursor is not from this list.', {
    problems: [{ path: 'query.cursor', expected: 'the next_cursor of the page before, or nothing' }],
  })
}
