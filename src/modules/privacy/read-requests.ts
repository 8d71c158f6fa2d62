import { z } from 'zod'
import { query } from '#kernel/calls/operation'
import { Failure } from '#kernel/failure'
import { PrivacyRequest, RequestById } from './contract.ts'
import { findRequest, listRequests } from './store/requests.ts'
import type { RequestRow } from './store/requests.ts'

export const readRequest = query({
  scope: 'privacy:read',
  input: RequestById,
  output: PrivacyRequest,
  run: async (ctx, { id }) => shown(await findRequest(ctx, id)),
})

/** A request that the caller made. Throws `not_found` for the request of another caller. */
export const readOwnRequest = query({
  scope: 'own-data:read',
  input: RequestById,
  output: PrivacyRequest,
  async run(ctx, { id }) {
    const row = await findRequest(ctx, id)
    if (row.requested_by_kind === ctx.actor.kind && row.requested_by === ctx.actor.id) return shown(row)
    throw new Failure('not_found', `There is no privacy request ${id}.`)
  },
})

/** A page of requests, newest first. */
export const readRequests = query({
  scope: 'privacy:read',
  input: z.strictObject({
    cursor: z.string().max(200).optional(),
    limit: z.int().min(1).max(100).default(20),
  }),
  output: z.object({ requests: z.array(PrivacyRequest), next_cursor: z.string().nullable() }),
  async run(ctx, { cursor, limit }) {
    const rows = await listRequests(ctx, readCursor(cursor), limit + 1)
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    const more = rows.length > limit && last !== undefined
    return { requests: page.map(shown), next_cursor: more ? cursorOf(last) : null }
  },
})

function shown(row: RequestRow): PrivacyRequest {
  const { request_id, kind, status, subject_hash, requested_by_kind, requested_by, found, report } = row
  return {
    request_id,
    kind,
    status,
    subject_hash,
    requested_by: `${requested_by_kind}:${requested_by}`,
    requested_at: row.requested_at.toISOString(),
    confirmed_at: row.confirmed_at?.toISOString() ?? null,
    completed_at: row.completed_at?.toISOString() ?? null,
    found,
    report,
  }
}

const cursorOf = (row: RequestRow) =>
  Buffer.from(`${row.requested_at.toISOString()} ${row.request_id}`).toString('base64url')

function readCursor(cursor: string | undefined): { at: Date; id: string } | undefined {
  if (cursor === undefined) return undefined
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  const at = new Date(time)
  if (!Number.isNaN(at.getTime()) && id !== '') return { at, id }
  throw new Failure('invalid', 'The cursor is not from this list.', {
    problems: [{ path: 'cursor', expected: 'the next_cursor of the page before' }],
  })
}
