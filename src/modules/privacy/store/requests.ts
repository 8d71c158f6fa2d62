import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { Failure } from '#kernel/failure'
import type { HolderOutcome, RequestStatus, SignedReport } from '../contract.ts'

export interface RequestRow {
  readonly request_id: string
  readonly kind: 'export' | 'erasure'
  readonly status: RequestStatus
  readonly subject_hash: string
  readonly subject_sealed: string | null
  readonly requested_by_kind: string
  readonly requested_by: string
  readonly requested_at: Date
  readonly expires_at: Date | null
  readonly confirmed_at: Date | null
  readonly completed_at: Date | null
  readonly digest: string | null
  readonly token_hash: string | null
  readonly found: HolderOutcome[]
  readonly done: HolderOutcome[] | null
  readonly report: SignedReport | null
}

const COLUMNS = `request_id, kind, status, subject_hash, subject_sealed, requested_by_kind, requested_by, requested_at,
  expires_at, confirmed_at, completed_at, digest, token_hash, found, done, report`

const insert = statement(
  'privacy.insert-request',
  `insert into privacy.requests (tenant_id, request_id, kind, status, subject_hash, subject_sealed, requested_by_kind,
     requested_by, requested_at, expires_at, completed_at, digest, token_hash, found)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
)
const find = statement<RequestRow>(
  'privacy.find-request',
  `select ${COLUMNS} from privacy.requests where tenant_id = $1 and request_id = $2`,
)
const lock = statement<RequestRow>(
  'privacy.lock-request',
  `select ${COLUMNS} from privacy.requests where tenant_id = $1 and request_id = $2 for update`,
)
const findByToken = statement<RequestRow>(
  'privacy.find-request-by-token',
  `select ${COLUMNS} from privacy.requests where tenant_id = $1 and token_hash = $2`,
)
const list = statement<RequestRow>(
  'privacy.list-requests',
  `select ${COLUMNS} from privacy.requests where tenant_id = $1 and (requested_at, request_id) < ($2, $3)
   order by requested_at desc, request_id desc limit $4`,
)
const listOf = statement<Pick<RequestRow, 'request_id' | 'kind' | 'status' | 'requested_at' | 'completed_at'>>(
  'privacy.list-requests-of-subject',
  `select request_id, kind, status, requested_at, completed_at from privacy.requests
   where tenant_id = $1 and subject_hash = $2 order by requested_at`,
)
const confirm = statement(
  'privacy.confirm-request',
  `update privacy.requests set status = 'confirmed', confirmed_at = $3 where tenant_id = $1 and request_id = $2`,
)
const markErased = statement(
  'privacy.mark-erased',
  `update privacy.requests set status = 'erased', done = $3 where tenant_id = $1 and request_id = $2`,
)
const complete = statement(
  'privacy.complete-request',
  `update privacy.requests set status = 'completed', completed_at = $3, report = $4, subject_sealed = null
   where tenant_id = $1 and request_id = $2`,
)
const expire = statement<{ expired: number }>(
  'privacy.expire-requests',
  `with gone as (
     update privacy.requests set status = 'expired', subject_sealed = null
     where tenant_id = $1 and status = 'previewed' and expires_at < $2 returning 1
   )
   select count(*) as expired from gone`,
)
const insertSuppressions = statement(
  'privacy.save-suppressions',
  `insert into privacy.suppressions (tenant_id, subject_hash, request_id, erased_at)
   select $1, hash, $3, $4 from unnest($2::text[]) as h(hash)
   on conflict (tenant_id, subject_hash) do update
   set request_id = excluded.request_id, erased_at = excluded.erased_at, returned_at = null`,
)

export type NewRequest = Omit<
  RequestRow,
  'requested_by_kind' | 'requested_by' | 'requested_at' | 'confirmed_at' | 'done' | 'report'
>

export async function insertRequest(ctx: Ctx, row: NewRequest): Promise<void> {
  await insert(ctx.db, [
    ...[ctx.tenantId, row.request_id, row.kind, row.status, row.subject_hash, row.subject_sealed],
    ...[ctx.actor.kind, ctx.actor.id, ctx.clock(), row.expires_at, row.completed_at, row.digest, row.token_hash],
    JSON.stringify(row.found),
  ])
}

export async function findRequest(ctx: Ctx, requestId: string): Promise<RequestRow> {
  return one(requestId, await find(ctx.db, [ctx.tenantId, requestId]))
}

/** Locks the row: two that carry out one request must not both do it. */
export async function lockRequest(ctx: Ctx, requestId: string): Promise<RequestRow> {
  return one(requestId, await lock(ctx.db, [ctx.tenantId, requestId]))
}

export async function findRequestByToken(ctx: Ctx, tokenHash: string): Promise<RequestRow | undefined> {
  const [row] = await findByToken(ctx.db, [ctx.tenantId, tokenHash])
  return row
}

/** The newest first; after the request with this time and id. */
export async function listRequests(ctx: Ctx, after: { at: Date; id: string } | undefined, limit: number) {
  return list(ctx.db, [ctx.tenantId, after?.at ?? 'infinity', after?.id ?? '', limit])
}

/** Of one person, as far as they are called by the same thing each time. */
export async function listRequestsOf(ctx: Ctx, subjectHash: string) {
  return listOf(ctx.db, [ctx.tenantId, subjectHash])
}

export async function countRequestsOf(ctx: Ctx, subjectHash: string): Promise<number> {
  return (await listRequestsOf(ctx, subjectHash)).length
}

export async function markConfirmed(ctx: Ctx, requestId: string): Promise<void> {
  await confirm(ctx.db, [ctx.tenantId, requestId, ctx.clock()])
}

/** What was done so far; the person is still known to the request, for a second look. */
export async function saveErased(ctx: Ctx, requestId: string, done: readonly HolderOutcome[]): Promise<void> {
  await markErased(ctx.db, [ctx.tenantId, requestId, JSON.stringify(done)])
}

/** From here on the request no longer knows who it was about. */
export async function completeRequest(ctx: Ctx, requestId: string, at: Date, report: SignedReport): Promise<void> {
  await complete(ctx.db, [ctx.tenantId, requestId, at, JSON.stringify(report)])
}

/** Forgets the subjects of previews that nobody confirmed in time. */
export async function expireRequests(ctx: Ctx): Promise<number> {
  const [row] = await expire(ctx.db, [ctx.tenantId, ctx.clock()])
  return row?.expired ?? 0
}

export async function saveSuppressions(ctx: Ctx, requestId: string, hashes: readonly string[]): Promise<void> {
  await insertSuppressions(ctx.db, [ctx.tenantId, hashes, requestId, ctx.clock()])
}

function one(requestId: string, [row]: readonly RequestRow[]): RequestRow {
  if (row === undefined) throw new Failure('not_found', `There is no privacy request ${requestId}.`)
  return row
}
