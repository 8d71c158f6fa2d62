import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import type { ConsentInput } from '../contract.ts'

export interface ConsentRow {
  readonly consent_id: string
  readonly subject: string | null
  readonly purpose: string
  readonly basis: string
  readonly state: 'given' | 'withdrawn'
  readonly source: string
  readonly occurred_at: Date
  readonly recorded_at: Date
}

const COLUMNS = 'consent_id, subject, purpose, basis, state, source, occurred_at, recorded_at'

const insert = statement<ConsentRow>(
  'privacy.insert-consent',
  `insert into privacy.consents (tenant_id, consent_id, subject, subject_hash, purpose, basis, state, source, occurred_at,
     recorded_at, recorded_by_kind, recorded_by)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning ${COLUMNS}`,
)
const list = statement<ConsentRow>(
  'privacy.list-consents',
  `select ${COLUMNS} from privacy.consents where tenant_id = $1 and subject_hash = any($2::text[])
   order by occurred_at desc, recorded_at desc, consent_id desc limit $3`,
)
const forget = statement<{ forgotten: number }>(
  'privacy.forget-subject-of-consents',
  `with gone as (
     update privacy.consents set subject = null
     where tenant_id = $1 and subject_hash = any($2::text[]) and subject is not null returning 1
   )
   select count(*) as forgotten from gone`,
)
const countNamed = statement<{ named: number }>(
  'privacy.count-consents-of-subject',
  `select count(*) as named from privacy.consents
   where tenant_id = $1 and subject_hash = any($2::text[]) and subject is not null`,
)

export type NewConsent = Omit<ConsentInput, 'person' | 'occurred_at'> & {
  readonly id: string
  readonly subject: string
  readonly hash: string
  readonly occurredAt: Date
}

export async function insertConsent(ctx: Ctx, consent: NewConsent): Promise<ConsentRow> {
  const { id, subject, hash, purpose, basis, state, source, occurredAt } = consent
  const [row] = await insert(ctx.db, [
    ...[ctx.tenantId, id, subject, hash, purpose, basis, state, source, occurredAt],
    ...[ctx.clock(), ctx.actor.kind, ctx.actor.id],
  ])
  if (row === undefined) throw new Error('insert … returning gave no row')
  return row
}

/** The newest first, of a person known by all these hashes; found by them after an erasure as well. */
export async function listConsents(ctx: Ctx, hashes: readonly string[], limit: number): Promise<ConsentRow[]> {
  return list(ctx.db, [ctx.tenantId, hashes, limit])
}

/** Consents whose subject is still named. */
export async function countConsents(ctx: Ctx, hashes: readonly string[]): Promise<number> {
  const [row] = await countNamed(ctx.db, [ctx.tenantId, hashes])
  return row?.named ?? 0
}

export async function forgetConsentSubject(ctx: Ctx, hashes: readonly string[]): Promise<number> {
  const [row] = await forget(ctx.db, [ctx.tenantId, hashes])
  return row?.forgotten ?? 0
}
