import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { requireScope } from '#kernel/writes/scope'
import type { PrivacyRequest } from './contract.ts'
import { findRequest, listRequests } from './store/requests.ts'
import type { RequestRow } from './store/requests.ts'

export async function readRequest(ctx: Ctx, requestId: string): Promise<PrivacyRequest> {
  requireScope(ctx, 'privacy:read')
  return shown(await findRequest(ctx, requestId))
}

/** One that this very caller made: another's is not found. */
export async function readOwnRequest(ctx: Ctx, requestId: string): Promise<PrivacyRequest> {
  requireScope(ctx, 'own-data:read')
  const row = await findRequest(ctx, requestId)
  if (row.requested_by_kind === ctx.actor.kind && row.requested_by === ctx.actor.id) return shown(row)
  throw new Failure('not_found', `There is no privacy request ${requestId}.`)
}

export interface RequestPage {
  readonly requests: PrivacyRequest[]
  readonly next_cursor: string | null
}

/** The newest first, `limit` a page. */
export async function readRequests(
  ctx: Ctx,
  page: { cursor?: string | undefined; limit: number },
): Promise<RequestPage> {
  requireScope(ctx, 'privacy:read')
  const rows = await listRequests(ctx, readCursor(page.cursor), page.limit + 1)
  const shownRows = rows.slice(0, page.limit)
  const last = shownRows.at(-1)
  const more = rows.length > page.limit && last !== undefined
  return {
    requests: shownRows.map(shown),
    next_cursor: more ? cursorOf(last) : null,
  }
}

function shown(row: RequestRow): PrivacyRequest {
  const { request_id, kind, status, subject_hash, requested_by_kind, requested_by, found, report } = row
  return {
    ...{ request_id, kind, status, subject_hash, found, report },
    requested_by: `${requested_by_kind}:${requested_by}`,
    requested_at: row.requested_at.toISOString(),
    confirmed_at: row.confirmed_at?.toISOString() ?? null,
    completed_at: row.completed_at?.toISOString() ?? null,
  }
}

const cursorOf = (row: RequestRow) =>
  Buffer.from(`${row.requested_at.toISOString()} ${row.request_id}`).toString('base64url')

function readCursor(cursor: string | undefined): { at: Date; id: string } | undefined {
  if (cursor === undefined) return undefined
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  const at = new Date(time)
  if (!Number.isNaN(at.getTime()) && id !== '') return { at, id }
  throw new Failure('invalid', 'The cursor is not one of ours.', {
    problems: [{ path: 'cursor', expected: 'the next_cursor of the page before' }],
  })
}
