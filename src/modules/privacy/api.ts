import type { Ctx } from '#kernel/context'
import type { Archive, Preview, SignedReport } from './contract.ts'
import type { PublishedKey } from './signed-report.ts'

/** A person's right to see and to erase what is held about them; consent; retention. */
export interface Privacy {
  exportPerson(ctx: Ctx, input: { readonly person: string }): Promise<Archive>
  /** Shows what would be erased. `token` where one confirms the same in several tenants; else one is made. */
  requestErasure(ctx: Ctx, input: { readonly person: string; readonly token?: string }): Promise<Preview>
  /** Confirms what was previewed with this token; the id of the request, undefined where this tenant has no such preview. */
  confirmByToken(ctx: Ctx, input: { readonly person: string; readonly token: string }): Promise<string | undefined>
  /** Carries a confirmed erasure out, goes on where that was cut off, or answers the report of what was done. */
  carryOutErasure(ctx: Ctx, input: { readonly request_id: string }): Promise<SignedReport>
  /** The public key that this tenant's reports are verified with. */
  reportKey(ctx: Ctx): Promise<PublishedKey>
  /** Deletes what has passed its time; rows by category. */
  expire(ctx: Ctx): Promise<Readonly<Record<string, number>>>
  /** How many people who were erased are held again since the last time this was asked. */
  reportReturned(ctx: Ctx): Promise<number>
}
