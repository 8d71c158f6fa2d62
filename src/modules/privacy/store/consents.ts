import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { columnsOf, parametersOf } from '#kernel/database/row-sql'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'

const ConsentRow = z.strictObject({
  consent_id: z.string(),
  subject: z.string().nullable(),
  purpose: z.string(),
  basis: z.string(),
  state: z.enum(['given', 'withdrawn']),
  source: z.string(),
  occurred_at: z.date(),
  recorded_at: z.date(),
})
export type ConsentRow = z.output<typeof ConsentRow>

const NewConsent = z.strictObject({
  ...ConsentRow.shape,
  subject_hash: z.string(),
  recorded_by_kind: z.string(),
  recorded_by: z.string(),
})
export type NewConsent = Omit<z.output<typeof NewConsent>, 'recorded_at' | 'recorded_by_kind' | 'recorded_by'>

const OfSubject = { hashes: z.array(z.string()).readonly() }
const WHERE_SUBJECT = sql`where tenant_id = :tenant_id and subject_hash = any(:hashes::text[])`

const insert = writing(
  'privacy.insert-consent',
  sql`insert into privacy.consents (tenant_id, ${columnsOf(NewConsent)}) values (:tenant_id, ${parametersOf(NewConsent)})
   returning ${columnsOf(ConsentRow)}`,
  { params: NewConsent.shape, row: ConsentRow },
)
const list = statement(
  'privacy.list-consents',
  sql`select ${columnsOf(ConsentRow)} from privacy.consents ${WHERE_SUBJECT}
   order by occurred_at desc, recorded_at desc, consent_id desc limit :limit`,
  { params: { ...OfSubject, limit: z.int() }, row: ConsentRow },
)
const forget = writing(
  'privacy.forget-subject-of-consents',
  sql`with gone as (
     update privacy.consents set subject = null ${WHERE_SUBJECT} and subject is not null returning 1
   )
   select count(*) as forgotten from gone`,
  { params: OfSubject, row: z.strictObject({ forgotten: z.int() }) },
)
const countNamed = statement(
  'privacy.count-consents-of-subject',
  sql`select count(*) as named from privacy.consents ${WHERE_SUBJECT} and subject is not null`,
  { params: OfSubject, row: z.strictObject({ named: z.int() }) },
)

export async function insertConsent(ctx: WriteCtx, consent: NewConsent): Promise<ConsentRow> {
  const recorded = { recorded_at: ctx.clock(), recorded_by_kind: ctx.actor.kind, recorded_by: ctx.actor.id }
  const [row] = await insert(ctx, { ...consent, ...recorded })
  if (row === undefined) throw new Error('insert … returning gave no row')
  return row
}

/** The consents of a person with any of these hashes, newest first. Finds them after an erasure too. */
export async function listConsents(ctx: Ctx, hashes: readonly string[], limit: number): Promise<ConsentRow[]> {
  return list(ctx, { hashes, limit })
}

/** The number of consents that still store their subject. */
export async function countConsents(ctx: Ctx, hashes: readonly string[]): Promise<number> {
  const [row] = await countNamed(ctx, { hashes })
  return row?.named ?? 0
}

export async function forgetConsentSubject(ctx: WriteCtx, hashes: readonly string[]): Promise<number> {
  const [row] = await forget(ctx, { hashes })
  return row?.forgotten ?? 0
}
