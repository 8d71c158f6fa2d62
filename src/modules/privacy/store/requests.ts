import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { columnsOf, parametersOf } from '#kernel/database/row-sql'
import { sql } from '#kernel/database/sql'
import { Failure } from '#kernel/failure'
import type { WriteCtx } from '#kernel/writes/change'
import { HolderOutcome, RequestStatus, SignedReport } from '../contract.ts'

/** What a request says from the beginning. */
const Asked = z.strictObject({
  request_id: z.string(),
  kind: z.enum(['export', 'erasure']),
  status: RequestStatus,
  subject_hash: z.string(),
  subject_sealed: z.string().nullable(),
  requested_by_kind: z.string(),
  requested_by: z.string(),
  requested_at: z.date(),
  expires_at: z.date().nullable(),
  completed_at: z.date().nullable(),
  digest: z.string().nullable(),
  token_hash: z.string().nullable(),
  found: z.array(HolderOutcome),
})
export const RequestRow = z.strictObject({
  ...Asked.shape,
  confirmed_at: z.date().nullable(),
  done: z.array(HolderOutcome).nullable(),
  report: SignedReport.nullable(),
})
export type RequestRow = z.output<typeof RequestRow>
export type NewRequest = Omit<z.output<typeof Asked>, 'requested_by_kind' | 'requested_by' | 'requested_at'>

const COLUMNS = columnsOf(RequestRow)
const ById = { request_id: z.string() }
const WHERE_ID = sql`where tenant_id = :tenant_id and request_id = :request_id`

const insert = writing(
  'privacy.insert-request',
  sql`insert into privacy.requests (tenant_id, ${columnsOf(Asked)}) values (:tenant_id, ${parametersOf(Asked)})`,
  { params: { ...Asked.shape, found: z.string() } },
)
const find = statement('privacy.find-request', sql`select ${COLUMNS} from privacy.requests ${WHERE_ID}`, {
  params: ById,
  row: RequestRow,
})
const lock = writing('privacy.lock-request', sql`select ${COLUMNS} from privacy.requests ${WHERE_ID} for update`, {
  params: ById,
  row: RequestRow,
})
const findByToken = statement(
  'privacy.find-request-by-token',
  sql`select ${COLUMNS} from privacy.requests where tenant_id = :tenant_id and token_hash = :token_hash`,
  { params: { token_hash: z.string() }, row: RequestRow },
)
const list = statement(
  'privacy.list-requests',
  sql`select ${COLUMNS} from privacy.requests
   where tenant_id = :tenant_id and (requested_at, request_id) < (:before::timestamptz, :before_id)
   order by requested_at desc, request_id desc limit :limit`,
  {
    params: { before: z.union([z.date(), z.literal('infinity')]), before_id: z.string(), limit: z.int() },
    row: RequestRow,
  },
)
const OfSubject = RequestRow.pick({
  request_id: true,
  kind: true,
  status: true,
  requested_at: true,
  completed_at: true,
})
const listOf = statement(
  'privacy.list-requests-of-subject',
  sql`select ${columnsOf(OfSubject)} from privacy.requests
   where tenant_id = :tenant_id and subject_hash = :subject_hash order by requested_at`,
  { params: { subject_hash: z.string() }, row: OfSubject },
)
const confirm = writing(
  'privacy.confirm-request',
  sql`update privacy.requests set status = 'confirmed', confirmed_at = :now ${WHERE_ID}`,
  { params: { ...ById, now: z.date() } },
)
const markErased = writing(
  'privacy.mark-erased',
  sql`update privacy.requests set status = 'erased', done = :done ${WHERE_ID}`,
  { params: { ...ById, done: z.string() } },
)
const complete = writing(
  'privacy.complete-request',
  sql`update privacy.requests
   set status = 'completed', completed_at = :at, report = :report, subject_sealed = null ${WHERE_ID}`,
  { params: { ...ById, at: z.date(), report: z.string() } },
)
const completeExported = writing(
  'privacy.complete-export',
  sql`update privacy.requests
   set status = 'completed', completed_at = :at, expires_at = :expires_at, found = :found, subject_sealed = null ${WHERE_ID}`,
  { params: { ...ById, at: z.date(), expires_at: z.date(), found: z.string() } },
)
const expire = writing(
  'privacy.expire-requests',
  sql`with gone as (
     update privacy.requests set status = 'expired', subject_sealed = null
     where tenant_id = :tenant_id and status = 'previewed' and expires_at < :now returning 1
   )
   select count(*) as expired from gone`,
  { params: { now: z.date() }, row: z.strictObject({ expired: z.int() }) },
)

export async function insertRequest(ctx: WriteCtx, request: NewRequest): Promise<void> {
  const asked = { requested_by_kind: ctx.actor.kind, requested_by: ctx.actor.id, requested_at: ctx.clock() }
  await insert(ctx, { ...request, ...asked, found: JSON.stringify(request.found) })
}

export async function findRequest(ctx: Ctx, requestId: string): Promise<RequestRow> {
  return one(requestId, await find(ctx, { request_id: requestId }))
}

/** Locks the row, so that two processes do not carry out the same request. */
export async function lockRequest(ctx: WriteCtx, requestId: string): Promise<RequestRow> {
  return one(requestId, await lock(ctx, { request_id: requestId }))
}

export async function findRequestByToken(ctx: Ctx, tokenHash: string): Promise<RequestRow | undefined> {
  const [row] = await findByToken(ctx, { token_hash: tokenHash })
  return row
}

/** Requests, newest first, that come after the request with this time and id. */
export async function listRequests(ctx: Ctx, after: { at: Date; id: string } | undefined, limit: number) {
  return list(ctx, { before: after?.at ?? 'infinity', before_id: after?.id ?? '', limit })
}

/** The requests of one person, if they were made for the same identifier. */
export async function listRequestsOf(ctx: Ctx, subjectHash: string) {
  return listOf(ctx, { subject_hash: subjectHash })
}

export async function countRequestsOf(ctx: Ctx, subjectHash: string): Promise<number> {
  return (await listRequestsOf(ctx, subjectHash)).length
}

export async function markConfirmed(ctx: WriteCtx, requestId: string): Promise<void> {
  await confirm(ctx, { request_id: requestId, now: ctx.clock() })
}

/** Stores the outcome so far. The request keeps its subject, because the erasure searches again. */
export async function saveErased(ctx: WriteCtx, requestId: string, done: readonly HolderOutcome[]): Promise<void> {
  await markErased(ctx, { request_id: requestId, done: JSON.stringify(done) })
}

/** Stores the report and deletes the subject: the request no longer names anybody. */
export async function completeRequest(ctx: WriteCtx, requestId: string, at: Date, report: SignedReport): Promise<void> {
  await complete(ctx, { request_id: requestId, at, report: JSON.stringify(report) })
}

/** Completes an export whose archive is stored, and deletes the subject. */
export async function completeExport(
  ctx: WriteCtx,
  done: { request_id: string; at: Date; expires_at: Date; found: readonly HolderOutcome[] },
): Promise<void> {
  await completeExported(ctx, { ...done, found: JSON.stringify(done.found) })
}

/** Deletes the subjects of expired previews. Returns their number. */
export async function expireRequests(ctx: WriteCtx): Promise<number> {
  const [row] = await expire(ctx, { now: ctx.clock() })
  return row?.expired ?? 0
}

function one(requestId: string, [row]: readonly RequestRow[]): RequestRow {
  if (row === undefined) throw new Failure('not_found', `There is no privacy request ${requestId}.`)
  return row
}
