import type { Ctx } from '#kernel/context'
import type { Archive, Preview, SignedReport } from './contract.ts'
import type { PublishedKey } from './signed-report.ts'

/** The rights of people whose data is stored: export, erasure, consent and retention. */
export interface Privacy {
  exportPerson(ctx: Ctx, input: { readonly person: string }): Promise<Archive>
  /** Previews an erasure. Give one `token` to several previews to confirm them together; by default a new one is made. */
  requestErasure(ctx: Ctx, input: { readonly person: string; readonly token?: string }): Promise<Preview>
  /** Confirms the preview with this token. Returns its request id; undefined where the tenant has no such preview. */
  confirmByToken(ctx: Ctx, input: { readonly person: string; readonly token: string }): Promise<string | undefined>
  /** Carries out a confirmed erasure, or resumes an interrupted one. Returns the report, also of a completed erasure. */
  carryOutErasure(ctx: Ctx, input: { readonly request_id: string }): Promise<SignedReport>
  /** The public key that verifies the tenant's reports. */
  reportKey(ctx: Ctx): Promise<PublishedKey>
  /** Deletes what is older than the retention rules allow. Returns the number of rows by category. */
  expire(ctx: Ctx): Promise<Readonly<Record<string, number>>>
  /** Finds erased people who are stored again. Returns how many were found that no earlier call had found. */
  reportReturned(ctx: Ctx): Promise<number>
}
